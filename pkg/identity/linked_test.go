package identity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	google = identity.Assertion{Provider: "google", Subject: "1", Email: "ada@example.com", Name: "Ada", Picture: "https://example.com/a.png"}
	github = identity.Assertion{Provider: "github", Subject: "1"}
)

func named() identity.User {
	return identity.User{Identifiers: []identity.Identifier{
		{Kind: identity.EmailIdentifier, Value: "ada@example.com"}, {Kind: identity.SeatIdentifier, Value: "superadmin"},
	}}
}

// names returns the values of u's identifiers, in order.
func names(u identity.User) []string {
	var out []string
	for _, id := range u.Identifiers {
		out = append(out, string(id.Kind)+"="+id.Value)
	}
	slices.Sort(out)
	return out
}

func TestALinkedIdentityAndItsNameComeAndGoTogether(t *testing.T) {
	const email, seat = "email=ada@example.com", "seat=superadmin"
	later := google
	later.Name = "Ada Lovelace"
	other := google
	other.Subject = "2"
	for _, c := range []struct {
		name   string
		do     func(u *identity.User)
		linked []string
		names  []string
	}{
		{"one is linked", func(u *identity.User) { u.AddLinked(google, noon) }, []string{"google:1 Ada"}, []string{email, "linked=google:1", seat}},
		{"two are linked", func(u *identity.User) { u.AddLinked(google, noon); u.AddLinked(github, noon) },
			[]string{"google:1 Ada", "github:1 "}, []string{email, "linked=github:1", "linked=google:1", seat}},
		{"the same is linked again", func(u *identity.User) { u.AddLinked(google, noon); u.AddLinked(later, noon) },
			[]string{"google:1 Ada Lovelace"}, []string{email, "linked=google:1", seat}},
		{"another at the same provider takes its place", func(u *identity.User) { u.AddLinked(google, noon); u.AddLinked(other, noon) },
			[]string{"google:2 Ada"}, []string{email, "linked=google:2", seat}},
		{"one of two is dropped", func(u *identity.User) { u.AddLinked(google, noon); u.AddLinked(github, noon); u.DropLinked("google") },
			[]string{"github:1 "}, []string{email, "linked=github:1", seat}},
		{"one that is not there is dropped", func(u *identity.User) { u.AddLinked(google, noon); u.DropLinked("github") },
			[]string{"google:1 Ada"}, []string{email, "linked=google:1", seat}},
		{"all are dropped", func(u *identity.User) { u.AddLinked(google, noon); u.AddLinked(github, noon); u.DropLinked() }, nil, []string{email, seat}},
		{"a name without its identity goes with the others", func(u *identity.User) {
			u.Identifiers = append(u.Identifiers, google.Identifier())
			u.DropLinked("github")
		}, nil, []string{email, seat}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := named()
			c.do(&u)
			var linked []string
			for _, l := range u.Linked {
				linked = append(linked, l.Provider+":"+l.Subject+" "+l.Name)
			}
			if d := cmp.Diff(c.linked, linked); d != "" {
				t.Errorf("linked (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.names, names(u)); d != "" {
				t.Errorf("names (-want +got):\n%s", d)
			}
		})
	}
}

func TestLinkingAgainKeepsSinceWhen(t *testing.T) {
	u := named()
	u.AddLinked(google, noon)
	u.AddLinked(google, noon.Add(time.Hour))
	l, ok := u.LinkedAt("google")
	want := identity.LinkedIdentity{
		Provider: "google", Subject: "1", Email: "ada@example.com", Name: "Ada", Picture: "https://example.com/a.png",
		LinkedAt: noon, UpdatedAt: noon.Add(time.Hour),
	}
	if d := cmp.Diff(want, l); d != "" || !ok || !u.IsLinked(google) || u.IsLinked(github) || u.IsLinked(identity.Assertion{Provider: "google"}) {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestLinkingLeavesCopiesAlone: the record that a change began with may be in use elsewhere.
func TestLinkingLeavesCopiesAlone(t *testing.T) {
	u := named()
	u.AddLinked(google, noon)
	u.AddLinked(github, noon)
	before := u
	want := slices.Clone(u.Linked)
	wantNames := slices.Clone(u.Identifiers)
	u.DropLinked("google")
	u.AddLinked(identity.Assertion{Provider: "discord", Subject: "3"}, noon)
	if cmp.Diff(want, before.Linked) != "" || cmp.Diff(wantNames, before.Identifiers) != "" {
		t.Errorf("a copy has changed: %+v", before)
	}
}
