package pages_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ada is who signs in at the providers.
var ada = providertest.User{Subject: "1815", Email: "ada@example.com", Verified: true, Name: "Ada Lovelace", Picture: "https://pictures.example.com/ada.png"}

// world is a service on two nodes, the providers it knows, and a browser.
type world struct {
	*dialecttest.Server
	other     *dialecttest.Server
	providers map[string]*providertest.Provider
	dialecttest.Visitor
}

// newWorld starts a service with providers: of each name one at which ada signs in.
func newWorld(t *testing.T, open dialecttest.Opener, names []string, env ...string) *world {
	t.Helper()
	w := &world{providers: map[string]*providertest.Provider{}}
	clock := dialecttest.NewClock()
	env = append([]string{"GATEHOUSE_APP_URL=/app", "GATEHOUSE_FLOWLESS=/flowless"}, env...)
	for _, name := range names {
		p := providertest.Start(t, name, ada)
		p.Clock(clock.Now)
		w.providers[name] = p
		env = append(env, p.Env()...)
	}
	w.Server = dialecttest.Start(t, open, dialecttest.Options{OwnURL: true, Clock: clock, Env: env})
	w.other = w.Node(t)
	dialecttest.QuickPasswords(w.Server, w.other)
	return w
}

// asked is what the browser is sent to a provider with.
func asked(t *testing.T, r dialecttest.Response) url.Values {
	t.Helper()
	at, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Status != http.StatusSeeOther {
		t.Fatalf("%d to %s (%v): %s", r.Status, at, err, r.Body)
	}
	return at.Query()
}

// begin sends a browser to a provider, has its user agree, and returns the address that it is sent back to.
func (w *world) begin(t *testing.T, v *dialecttest.Visitor, name, query string) *url.URL {
	t.Helper()
	r := v.Open(t, w.Server, "/auth/social/"+name+"/login"+query)
	asked(t, r)
	back := w.providers[name].Authorize(t, r.Header.Get("Location"))
	if back.Form == nil {
		return back.URL
	}
	// A form from another site brings no cookie of SameSite=Lax along.
	again := w.Do(t, dialecttest.Request{Path: back.URL.RequestURI(), Body: back.Form.Encode(), Type: "application/x-www-form-urlencoded", Header: map[string]string{
		"Sec-Fetch-Site": "cross-site", "Origin": w.providers[name].URL,
	}})
	at, err := url.Parse(again.Header.Get("Location"))
	if err != nil || again.Status != http.StatusSeeOther || at.Path != back.URL.Path || at.Host != "" || again.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %s %s (%v)", again.Status, again.Header, again.Body, err)
	}
	return at
}

// exchanged is what the arrival page's script gets.
type exchanged struct {
	Authorization dialecttest.Authorization
	Destination   string
	OwnOrigin     bool
	Confirm       bool
}

// arrive does what the script of the arrival page does.
func arrive(t *testing.T, v *dialecttest.Visitor, s *dialecttest.Server) exchanged {
	t.Helper()
	r := v.Visit(t, s, dialecttest.Request{Path: arrival, Body: "{}", Header: map[string]string{"Sec-Fetch-Site": "same-origin"}})
	if r.Status != http.StatusOK {
		t.Fatalf("exchange: %d %s", r.Status, r.Body)
	}
	var out exchanged
	r.JSON(t, &out)
	return out
}

// enter goes the whole way, the callback on the other node, and returns what the app gets.
func (w *world) enter(t *testing.T, v *dialecttest.Visitor, name, query string) exchanged {
	t.Helper()
	r := v.Open(t, w.other, w.begin(t, v, name, query).String())
	if r.Status != http.StatusOK {
		t.Fatalf("callback: %d %s", r.Status, r.Body)
	}
	return arrive(t, v, w.Server)
}

// user returns an account as it is stored.
func (w *world) user(t *testing.T, id string) identity.User {
	t.Helper()
	u, err := w.App.Store.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// nobody fails the test if anybody has the address or the identity of somebody at a provider.
func (w *world) nobody(t *testing.T, name string, u providertest.User) {
	t.Helper()
	for _, id := range []identity.Identifier{{Kind: identity.EmailIdentifier, Value: u.Email}, {Kind: identity.LinkedIdentifier, Value: name + ":" + u.Subject}} {
		if found, err := w.App.Store.UserByIdentifier(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s is %s (%v)", id.Value, found.ID, err)
		}
	}
}

// secretless fails the test if a log or the audit log has one of the secrets.
func (w *world) secretless(t *testing.T, secrets ...string) {
	t.Helper()
	w.Settle(t)
	var audit bytes.Buffer
	if err := w.App.Audit.Export(t.Context(), &audit); err != nil {
		t.Fatal(err)
	}
	if audit.Len() == 0 {
		t.Error("the audit log is empty")
	}
	for what, text := range map[string]string{"log": w.Log.String(), "log of the other node": w.other.Log.String(), "audit log": audit.String()} {
		for _, secret := range secrets {
			if secret == "" || strings.Contains(text, secret) {
				t.Errorf("%.12q stands in the %s", secret, what)
			}
		}
	}
}
