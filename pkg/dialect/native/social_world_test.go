package native_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// lovelace is who signs in at the providers.
var lovelace = providertest.User{Subject: "1815", Email: "ada@example.com", Verified: true, Name: "Ada Lovelace", Picture: "https://pictures.example.com/ada.png"}

// world is a service on two nodes with the providers that it knows.
type world struct {
	*dialecttest.Server
	other     *dialecttest.Server
	providers map[string]*providertest.Provider
}

func newWorld(t *testing.T, open dialecttest.Opener, names []string, env ...string) *world {
	t.Helper()
	w := &world{providers: map[string]*providertest.Provider{}}
	clock := dialecttest.NewClock()
	for _, name := range names {
		p := providertest.Start(t, name, lovelace)
		p.Clock(clock.Now)
		w.providers[name] = p
		env = append(env, p.Env()...)
	}
	w.Server = dialecttest.Start(t, open, dialecttest.Options{OwnURL: true, Clock: clock, Env: env})
	w.other = w.Node(t)
	dialecttest.QuickPasswords(w.Server, w.other)
	return w
}

// enter asks to sign in by what an app has got from a provider.
func (w *world) enter(name string, pairs ...string) request {
	return request{Path: "/auth/social/" + name + "/login-api", Key: w.Publishable, Body: body(pairs...)}
}

// idToken is a good one.
func (w *world) idToken(t *testing.T, name string) string {
	t.Helper()
	return w.providers[name].IDToken(t, providertest.Minted{})
}

func authorization(t *testing.T, r dialecttest.Response) (a dialecttest.Authorization) {
	t.Helper()
	if r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	r.JSON(t, &a)
	return a
}

// is returns whose an identity is, or nothing.
func (w *world) is(t *testing.T, kind identity.IdentifierKind, value string) string {
	t.Helper()
	u, err := w.App.Store.UserByIdentifier(t.Context(), identity.Identifier{Kind: kind, Value: value})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return u.ID
}

// linked returns the names of the providers at which an account has identities, as it is told.
func (w *world) linked(t *testing.T, a dialecttest.Authorization) []string {
	t.Helper()
	var all struct{ Accounts []struct{ Provider string } }
	must(t, w.Server, request{Path: "/auth/social/accounts", Bearer: a.AccessToken}, 200).JSON(t, &all)
	names := []string{}
	for _, l := range all.Accounts {
		names = append(names, l.Provider)
	}
	return names
}
