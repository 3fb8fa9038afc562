package arguflow_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestPutReplaces goes from one profile to the next; what is left out is cleared.
func TestPutReplaces(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		session := signedIn(t, s, ada)
		newUser(t, s, bob)
		before := stored(t, s, bob)
		for _, c := range []struct {
			body              string
			username, website *string
			visible           bool
		}{
			{`{"visible_email":true}`, nil, nil, true},
			{`{"username":"ada","website":"https://ada.example/x?y#z","visible_email":false}`, text("ada"), text("https://ada.example/x?y#z"), false},
			{`{"username":"ada","visible_email":false}`, text("ada"), nil, false},
			{`{"username":"ADA.l","website":"ada.example","visible_email":true}`, text("ADA.l"), text("ada.example"), true},
			{`{"username":null,"website":"http://ada.example","visible_email":true}`, nil, text("http://ada.example"), true},
			{`{"username":"","website":"","visible_email":true}`, nil, nil, true},
		} {
			var got person
			must(t, s, request{Method: "PUT", Path: "/api/user", Body: c.body}.ByCookie(session), 200).JSON(t, &got)
			want := person{ID: got.ID, Email: ada, Username: c.username, Website: c.website, VisibleEmail: c.visible}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.body, diff)
			}
			var me person
			must(t, s, request{Path: "/api/auth"}.ByCookie(session), 200).JSON(t, &me)
			if diff := cmp.Diff(want, me); diff != "" {
				t.Errorf("%s, and then me (-want +got):\n%s", c.body, diff)
			}
		}
		if diff := cmp.Diff(before, stored(t, s, bob)); diff != "" {
			t.Errorf("Bob has changed:\n%s", diff)
		}
	})
}

// TestTheAddressShowsWhileThereIsNoName takes the name away by another dialect.
func TestTheAddressShowsWhileThereIsNoName(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		session := signedIn(t, s, ada)
		must(t, s, request{Method: "PUT", Path: "/api/user", Body: `{"username":"ada","visible_email":false}`}.ByCookie(session), 200)
		for _, bad := range []string{`{"visible_email":false}`, `{"username":null,"visible_email":false}`, `{"username":"","website":"x.example","visible_email":false}`} {
			says(t, s, request{Method: "PUT", Path: "/api/user", Body: bad}.ByCookie(session), "You must provide a username or make your email visible")
		}
		r := s.Do(t, request{Method: "PUT", Path: "/flowless/auth/profile", ID: session, Body: `{"username":""}`})
		var me person
		must(t, s, request{Path: "/api/auth"}.ByCookie(session), 200).JSON(t, &me)
		if me.VisibleEmail != (me.Username == nil) {
			t.Errorf("after %d %s: %+v", r.Status, r.Body, me)
		}
	})
}

// TestANameIsOnesOwn refuses names that are taken or none, and pages that are none.
func TestANameIsOnesOwn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		first, second := signedIn(t, s, ada), signedIn(t, s, bob)
		put := func(session string, member, value string) response {
			return s.Do(t, request{Method: "PUT", Path: "/api/user", Body: `{"visible_email":true,"` + member + `":` + dialecttest.JSON(value) + `}`}.ByCookie(session))
		}
		if r := put(first, "username", "ada"); r.Status != 200 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		for _, taken := range []string{"ada", "ADA", "Ada"} {
			if r := put(second, "username", taken); r.Status != 400 || r.ArguflowError(t) != "That username is already taken" {
				t.Errorf("%s: %d %s", taken, r.Status, r.Body)
			}
		}
		for member, values := range map[string][]string{
			"username": {"x", "a b", "ada@example.com", strings.Repeat("x", 65), "-x-", "<b>", "аda", "a\nb"},
			"website":  {"javascript:alert(1)", "data:text/html,x", "ftp://x.example", "https://user:pw@x.example", "https://x.example/\n/", "//x.example", "https://", strings.Repeat("x", 3000) + ".example", "vbscript:x", " javascript:alert(1)", "\x00"},
		} {
			for _, value := range values {
				if r := put(second, member, value); r.Status != 400 || !strings.Contains(r.ArguflowError(t), member) {
					t.Errorf("%s %q: %d %s", member, value, r.Status, r.Body)
				}
			}
		}
		if u := stored(t, s, bob); u.Username != "" || u.Profile.Website != "" {
			t.Errorf("Bob has become %+v", u)
		}
	})
}
