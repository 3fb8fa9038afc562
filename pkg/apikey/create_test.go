package apikey_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestCreateMakesAKeyOfEachKind(t *testing.T) {
	for prefix, n := range map[string]apikey.New{
		"pk": {Name: "Café web app", Kind: identity.Publishable},
		"sk": {
			Name: "backend", Kind: identity.Secret, ExpiresIn: time.Hour,
			Scopes: []string{identity.ScopeUsersWrite, identity.ScopeUsersRead, identity.ScopeUsersWrite},
		},
	} {
		t.Run(string(n.Kind), func(t *testing.T) {
			s, m := newService()
			got, credential, err := s.Create(t.Context(), admin, n)
			if err != nil {
				t.Fatal(err)
			}
			want := identity.APIKey{ID: got.ID, Name: n.Name, Kind: n.Kind, CreatedAt: start}
			if n.Kind == identity.Secret {
				want.Scopes = []string{identity.ScopeUsersRead, identity.ScopeUsersWrite}
				want.ExpiresAt = start.Add(time.Hour)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("key (-want +got):\n%s", diff)
			}
			token, ok := opaque.Parse(prefix, credential)
			if !ok || token.ID != got.ID || !token.Matches(m.rows[got.ID].Hash) {
				t.Errorf("the credential is not one of %s_<id>_<secret> for this key", prefix)
			}
			if k, err := s.Authenticate(t.Context(), credential); err != nil || k.ID != got.ID || k.Hash != nil {
				t.Errorf("authenticate: %+v, %v", k, err)
			}
		})
	}
}

func TestCreateRecordsWhoDidIt(t *testing.T) {
	s, m := newService()
	id, _ := create(t, s)
	want := []identity.Event{{
		At: start, Type: "api_key_created", Actor: "user:u1", Subject: "key:" + id, Session: "s1", IP: "192.0.2.7",
		Detail: map[string]string{"name": "backend", "kind": "secret", "scopes": "users:read"},
	}}
	if diff := cmp.Diff(want, m.events(t)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestTheSecretIsKeptNowhere(t *testing.T) {
	s, m := newService()
	_, credential := create(t, s)
	if _, err := s.Authenticate(t.Context(), credential); err != nil {
		t.Fatal(err)
	}
	secret := credential[strings.LastIndexByte(credential, '_')+1:]
	dump, err := json.Marshal([]any{m.rows, m.also})
	if err != nil || strings.Contains(string(dump), secret) {
		t.Errorf("the store holds the secret: %v", err)
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Hash != nil || list[0].Name != "backend" {
		t.Errorf("list %+v, %v", list, err)
	}
	if len(m.rows[list[0].ID].Hash) == 0 {
		t.Error("List took the hash out of the store's own record")
	}
}

func TestCreateRefuses(t *testing.T) {
	ok := apikey.New{Name: "backend", Kind: identity.Secret, Scopes: []string{identity.ScopeUsersRead}}
	for name, c := range map[string]struct {
		change func(n *apikey.New)
		fields string
	}{
		"no name":                        {func(n *apikey.New) { n.Name = "" }, "name"},
		"a name of spaces":               {func(n *apikey.New) { n.Name = "  " }, "name"},
		"a name with a space behind it":  {func(n *apikey.New) { n.Name = "backend " }, "name"},
		"a name of 65 characters":        {func(n *apikey.New) { n.Name = strings.Repeat("é", 65) }, "name"},
		"a name with a line break":       {func(n *apikey.New) { n.Name = "back\nend" }, "name"},
		"a name with a control sequence": {func(n *apikey.New) { n.Name = "back\x1b[2Jend" }, "name"},
		"a name that turns text round":   {func(n *apikey.New) { n.Name = "back\u202eend" }, "name"},
		"a name that is not UTF-8":       {func(n *apikey.New) { n.Name = "back\xffend" }, "name"},
		"no kind":                        {func(n *apikey.New) { n.Kind = "" }, "kind"},
		"another kind":                   {func(n *apikey.New) { n.Kind = "Secret" }, "kind"},
		"a secret key without scopes":    {func(n *apikey.New) { n.Scopes = nil }, "scopes"},
		"a scope that does not exist":    {func(n *apikey.New) { n.Scopes = append(n.Scopes, "users:all") }, "scopes"},
		"a publishable key with a scope": {func(n *apikey.New) { n.Kind = identity.Publishable }, "scopes"},
		"a negative lifetime":            {func(n *apikey.New) { n.ExpiresIn = -1 }, "expiresIn"},
		"a lifetime of eleven years":     {func(n *apikey.New) { n.ExpiresIn = 11 * 365 * 24 * time.Hour }, "expiresIn"},
		"all of it at once":              {func(n *apikey.New) { *n = apikey.New{Scopes: []string{"x"}, ExpiresIn: -1} }, "name kind scopes expiresIn"},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := newService()
			n := ok
			n.Scopes = append([]string{}, ok.Scopes...)
			c.change(&n)
			_, credential, err := s.Create(t.Context(), admin, n)
			f := fault.From(err)
			var fields []string
			for _, field := range f.Fields {
				fields = append(fields, field.Field)
			}
			if f.Kind != fault.Invalid || strings.Join(fields, " ") != c.fields || credential != "" || len(m.rows) != 0 {
				t.Errorf("got %v for %v, want a refusal of %s", err, fields, c.fields)
			}
		})
	}
	s, _ := newService()
	ok.Name = strings.Repeat("é", 64)
	if _, _, err := s.Create(t.Context(), admin, ok); err != nil {
		t.Errorf("a name of 64 characters: %v", err)
	}
}

func TestCreateShowsNothingWhenTheStoreDoesNotAnswer(t *testing.T) {
	s, m := newService()
	m.setFail(store.ErrUnavailable)
	_, credential, err := s.Create(t.Context(), admin, apikey.New{Name: "web", Kind: identity.Publishable})
	if !errors.Is(err, store.ErrUnavailable) || credential != "" {
		t.Errorf("got %q, %v", credential, err)
	}
	if _, err := s.List(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("List: %v", err)
	}
}
