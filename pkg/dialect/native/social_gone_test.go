package native_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// without is the service started again with one of its providers missing.
func (w *world) without(t *testing.T, open dialecttest.Opener, name string) *world {
	t.Helper()
	next := &world{providers: map[string]*providertest.Provider{}}
	env := []string{"GATEHOUSE_PUBLIC_URL=" + w.App.Config.PublicURL}
	for n, p := range w.providers {
		if n != name {
			next.providers[n] = p
			env = append(env, p.Env()...)
		}
	}
	next.Server = dialecttest.Start(t, open, dialecttest.Options{Clock: w.Clock, Env: env})
	dialecttest.QuickPasswords(next.Server)
	return next
}

// TestWhenAProviderIsGone the service was stopped, and has only GitHub since.
func TestWhenAProviderIsGone(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"github", "google"})
		a := authorization(t, w.Do(t, w.enter("google", "idToken", w.idToken(t, "google"))))
		must(t, w.Server, linkBy(a, "github", "accessToken", w.providers["github"].AccessToken(providertest.ClientID)), 200)
		late := w.idToken(t, "google")
		w = w.without(t, open, "google")
		w.Run(t, []kase{
			{Name: "it lets nobody in", Request: w.enter("google", "idToken", late), Status: 404, Code: "social_provider_unknown"},
			{Name: "the way in that is left", Request: unlink(a, "github"), Status: 409, Code: "last_credential"},
			{Name: "the one that is none", Request: unlink(a, "google"), Status: 204},
			{Name: "still the way in that is left", Request: unlink(a, "github"), Status: 409, Code: "last_credential"},
		})
		if got := w.linked(t, a); len(got) != 1 || got[0] != "github" {
			t.Errorf("linked: %v", got)
		}
		w = w.without(t, open, "github")
		w.Run(t, []kase{
			{Name: "the last one, which is gone", Request: unlink(a, "github"), Status: 409, Code: "last_credential"},
		})
		must(t, w.Server, reset(resetToken(t, w.Server, lovelace.Email), goodPassword), 204) // as docs/operations.md says
		if c := w.Login(t, lovelace.Email, goodPassword); c.LocalID != a.LocalID {
			t.Error("the password is somebody else's")
		}
	})
}
