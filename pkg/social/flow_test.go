package social_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

func TestABrowserSignsInOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open)
		q := social.Start{Provider: "google", RedirectURI: callback, Destination: "/app/orders?id=7", Format: "json"}
		b, err := w.Begin(t.Context(), browser, q)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(b.Cookie.Name, "__Host-gatehouse_social_") || len(b.Cookie.Value) < 43 || b.Cookie.MaxAge != 10*time.Minute {
			t.Errorf("the cookie is %v", b.Cookie)
		}
		a := w.back(t, q, b)
		asked := w.google.issued[a.Code]
		for name, part := range map[string]string{"state": asked.State, "nonce": asked.Nonce, "verifier": asked.Verifier} {
			if len(part) < 43 || strings.Contains(b.URL, part) != (name == "state") || strings.Contains(asked.State, b.Cookie.Value) {
				t.Errorf("the %s is %q in %s", name, part, b.URL)
			}
		}
		if len(map[string]bool{asked.State: true, asked.Nonce: true, asked.Verifier: true, b.Cookie.Value: true}) != 4 || strings.Contains(asked.State, "orders") {
			t.Error("one is the other, or the state tells where the browser goes")
		}
		a.Issuer = issuer
		got, err := w.Finish(t.Context(), w.signedIn("eve"), a)
		if err != nil {
			t.Fatal(err)
		}
		want := social.Finished{Provider: "google", User: got.User, Destination: "https://id.example.com/app/orders?id=7", Format: "json", Cookie: social.Cookie{Name: b.Cookie.Name}}
		want.Grant.User = got.User
		if diff := cmp.Diff(want, got); diff != "" || got.User.ID != "user of ada" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		w.refused(t, a, social.ErrStateInvalid)
		if w.google.exchanges != 1 {
			t.Errorf("the provider was asked %d times", w.google.exchanges)
		}
		for _, secret := range []string{a.Code, a.State, b.Cookie.Value, asked.Verifier} {
			if strings.Contains(w.log.String(), secret) {
				t.Errorf("%q is in the log", secret)
			}
		}
		if !strings.Contains(w.log.String(), "used before") {
			t.Errorf("the log says %s", w.log.String())
		}
	})
}

func TestAnAnswerThatBelongsToNoFlowOfThisBrowserIsRefused(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	other := w.begin(t, social.Start{})
	link, err := w.LinkTicket(t.Context(), w.signedIn("eve"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := newWorld(t, dialecttest.SQLite(t), func(s *social.Service) { s.Key = []byte("thirty-two bytes of another node") }).begin(t, social.Start{})
	a := w.begin(t, social.Start{})
	name, secret := "", ""
	for name, secret = range a.Cookies { // there is one
		continue
	}
	for _, c := range []struct {
		name   string
		change func(*social.Answer)
	}{
		{"no state", func(a *social.Answer) { a.State = "" }},
		{"no state and an error", func(a *social.Answer) { a.State, a.Error = "", "<script>alert(1)</script>" }},
		{"a made-up state", func(a *social.Answer) { a.State = "st_" + strings.Repeat("A", len(a.State)-3) }},
		{"a state of another key", func(a *social.Answer) { a.State, a.Cookies = foreign.State, foreign.Cookies }},
		{"a link ticket for a state", func(a *social.Answer) { a.State = link.Value }},
		{"a link ticket dressed as a state", func(a *social.Answer) { a.State = "st_" + link.Value[3:] }},
		{"a state that is too long", func(a *social.Answer) { a.State += strings.Repeat("A", 5000) }},
		{"a state twice", func(a *social.Answer) { a.State += a.State }},
		{"a state with a line break", func(a *social.Answer) { a.State = a.State[:40] + "\n" + a.State[40:] }},
		{"a state with padding", func(a *social.Answer) { a.State += "=" }},
		{"the state of another tab", func(a *social.Answer) { a.State = other.State }},
		{"the state and the code of another browser", func(a *social.Answer) { a.State, a.Code = other.State, other.Code }},
		{"no cookie", func(a *social.Answer) { a.Cookies = nil }},
		{"an empty cookie", func(a *social.Answer) { a.Cookies = social.Cookies{name: ""} }},
		{"the cookie of another browser", func(a *social.Answer) {
			for _, theirs := range other.Cookies {
				a.Cookies = social.Cookies{name: theirs}
			}
		}},
		{"the cookie under another name", func(a *social.Answer) { a.Cookies = social.Cookies{"__Host-gatehouse_social": secret} }},
		{"a cookie that is almost right", func(a *social.Answer) { a.Cookies = social.Cookies{name: secret[1:]} }},
		{"the callback of another provider", func(a *social.Answer) { a.Provider = "evil" }},
		{"another provider at the same callback", func(a *social.Answer) { a.Provider = "Google" }},
		{"the callback of another dialect", func(a *social.Answer) {
			a.RedirectURI = strings.Replace(callback, "/flowless", "", 1)
		}},
		{"no callback", func(a *social.Answer) { a.RedirectURI = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := a
			changed.Cookies = maps.Clone(a.Cookies)
			c.change(&changed)
			w.refused(t, changed, social.ErrStateInvalid)
		})
	}
	if w.google.exchanges+w.evil.exchanges != 0 {
		t.Error("a provider was asked")
	}
	if _, err := w.Finish(t.Context(), browser, a); err != nil {
		t.Errorf("none of this may have an effect: %v", err)
	}
}

func TestAStateThatWasAlteredInAnyByteIsRefused(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	a := w.begin(t, social.Start{})
	for i := range a.State {
		for _, c := range "A_-9z.= \x00\xff" {
			if byte(c) == a.State[i] {
				continue
			}
			changed := a
			changed.State = a.State[:i] + string(c) + a.State[i+1:]
			w.refused(t, changed, social.ErrStateInvalid)
		}
		changed := a
		changed.State = a.State[:i]
		w.refused(t, changed, social.ErrStateInvalid)
	}
	if _, err := w.Finish(t.Context(), browser, a); err != nil {
		t.Error(err)
	}
}

func TestAStateEndsAfterTenMinutes(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	early, late := w.begin(t, social.Start{}), w.begin(t, social.Start{})
	w.clock.Advance(10*time.Minute - time.Millisecond)
	if _, err := w.Finish(t.Context(), browser, early); err != nil {
		t.Errorf("in its last moment: %v", err)
	}
	w.clock.Advance(time.Millisecond)
	w.refused(t, late, social.ErrStateInvalid)
	w.refused(t, early, social.ErrStateInvalid)
}

// TestAUseIsRememberedLongerThanAStateLives: also where another node's clock is behind.
func TestAUseIsRememberedLongerThanAStateLives(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	a := w.begin(t, social.Start{})
	if _, err := w.Finish(t.Context(), browser, a); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(10*time.Minute + 4*time.Minute)
	slow := w.node(w.Store)
	slow.Now = func() time.Time { return w.clock.Now().Add(-5 * time.Minute) }
	slow.Guard.Now = slow.Now
	if _, err := slow.Finish(t.Context(), browser, a); !errors.Is(err, social.ErrStateInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestWhatTheProviderSaysGoesNowhere(t *testing.T) {
	const html = `"><script>alert(1)</script>`
	for _, c := range []struct {
		name, code, problem string
		want                error
	}{
		{"the person did not agree", "", "access_denied", social.ErrCancelled},
		{"the person did not agree, at Apple", "", "user_cancelled_authorize", social.ErrCancelled},
		{"the person did not agree, with a code", "good", "access_denied", social.ErrCancelled},
		{"the provider failed", "", "server_error", provider.ErrUnavailable},
		{"the provider is busy", "", "temporarily_unavailable", provider.ErrUnavailable},
		{"something else", "", "invalid_scope", provider.ErrRejected},
		{"HTML", "", html, provider.ErrRejected},
		{"HTML with a code", "good", html, provider.ErrRejected},
		{"neither a code nor an error", "", "", provider.ErrRejected},
		{"a code that was never issued", "made-up", "", provider.ErrRejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, dialecttest.SQLite(t))
			a := w.begin(t, social.Start{})
			again := a
			if a.Error = c.problem; c.code != "good" {
				a.Code = c.code
			}
			w.refused(t, a, c.want)
			_, err := w.Finish(t.Context(), browser, a)
			if f := fault.From(err); strings.Contains(f.Msg+f.Error()+w.log.String(), "script") {
				t.Errorf("it says %v", f)
			}
			w.refused(t, again, social.ErrStateInvalid) // the state was used
		})
	}
}

func TestAnAnswerFromAnotherIssuerIsRefused(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	for _, iss := range []string{"https://evil.example", issuer + "/", strings.ToUpper(issuer)} {
		a := w.begin(t, social.Start{})
		a.Issuer = iss
		w.refused(t, a, provider.ErrRejected)
	}
	if w.google.exchanges != 0 {
		t.Error("the code went to the provider")
	}
}

func TestACodeIsRedeemedOnlyForTheFlowItIsOf(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	a, b := w.begin(t, social.Start{}), w.begin(t, social.Start{})
	stolen := b
	stolen.Code = a.Code // code injection: no verifier match
	w.refused(t, stolen, provider.ErrRejected)
	if _, err := w.Finish(t.Context(), browser, a); err != nil {
		t.Error(err)
	}
}

// TestNobodyElseKnowsTheVerifier: neither who has the state, nor who has the cookie, nor another
// installation.
func TestNobodyElseKnowsTheVerifier(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	a, b := w.begin(t, social.Start{}), w.begin(t, social.Start{})
	secret := a.Cookies[firstOf(a.Cookies)]
	right := w.google.issued[a.Code]
	if diff := cmp.Diff(right, w.Asked(a.State, secret)); diff != "" {
		t.Fatalf("it is not the same in the end: %s", diff)
	}
	others := map[string]provider.Authorization{
		"another state": w.Asked(b.State, secret), "another cookie": w.Asked(a.State, b.Cookies[firstOf(b.Cookies)]), "another flow": w.google.issued[b.Code],
	}
	w.Key = []byte("thirty-two bytes of another node")
	same := newWorld(t, dialecttest.SQLite(t)).Sealed("st_", map[string]string{})
	if w.Opened("st_", same) {
		t.Error("another key opens a state")
	}
	for name, got := range others {
		if got.Verifier == right.Verifier || got.Nonce == right.Nonce || got.Verifier == got.Nonce {
			t.Errorf("%s gives %v", name, got)
		}
	}
}

func TestWhatIsSealedForOnePurposeOpensForNoOther(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	sealed := w.Sealed("st_", map[string]string{"a": "b"})
	if !w.Opened("st_", sealed) || w.Opened("lt_", sealed) || w.Opened("lt_", "lt_"+sealed[3:]) || w.Opened("st_", sealed[3:]) {
		t.Error("it opens where it should not, or does not where it should")
	}
}

func TestAProviderThatVouchesForOthersIsNotBelieved(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	w.evil.as = "google"
	a := w.begin(t, social.Start{Provider: "evil"})
	if _, err := w.Finish(t.Context(), browser, a); err == nil || w.changes() != 0 {
		t.Errorf("%v, %d changes", err, w.changes())
	}
}

func TestAProviderThatIsNotConfiguredIsNotAsked(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	for _, name := range []string{"", "github", "Google", "../google"} {
		if _, err := w.Begin(t.Context(), browser, social.Start{Provider: name, RedirectURI: callback}); !errors.Is(err, provider.ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
	a := w.begin(t, social.Start{})
	w.Providers = idps{}
	w.refused(t, a, provider.ErrUnknown) // it was taken away meanwhile
}

func TestABrowserGoesOnlyWhereItMay(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	for wanted, want := range map[string]string{
		"": "https://id.example.com/app/", "/x?y=1": "https://id.example.com/x?y=1", "https://app.example.org/in": "https://app.example.org/in",
	} {
		got, err := w.Finish(t.Context(), browser, w.begin(t, social.Start{Destination: wanted}))
		if err != nil || got.Destination != want {
			t.Errorf("%q leads to %q, %v", wanted, got.Destination, err)
		}
	}
	for _, wanted := range []string{ // pkg/redirect has the whole list
		"//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example", "https://app.example.org@evil.example/", "https://app.example.org.evil.example/",
		"https://app.example.org%00.evil.example/", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/x\r\nSet-Cookie: a=b", "/x%0d%0aSet-Cookie:a=b#x",
		"http://app.example.org/", "https://app.example.org:444/", "/x#y", "evil.example", "/" + strings.Repeat("x", 1024),
	} {
		_, err := w.Begin(t.Context(), browser, social.Start{Provider: "google", RedirectURI: callback, Destination: wanted})
		if f := fault.From(err); err == nil || len(f.Fields) != 1 || f.Fields[0].Code != "invalid_url" {
			t.Errorf("%q: %v", wanted, err)
		}
	}
	a := w.begin(t, social.Start{Destination: "https://app.example.org/in"})
	w.Origins = nil // the operator has changed their mind
	before := w.changes()
	if _, err := w.Finish(t.Context(), browser, a); err == nil || w.changes() != before {
		t.Errorf("the end does not look again: %v", err)
	}
}

func TestAStateIsShortEnoughForProviders(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	a := w.begin(t, social.Start{Destination: "/" + strings.Repeat("x", 1000), Invitation: strings.Repeat("i", 80)})
	if len(a.State) > 2048 {
		t.Errorf("it has %d bytes", len(a.State))
	}
	if _, err := w.Finish(t.Context(), browser, a); err != nil {
		t.Error(err)
	}
}

func TestSeveralTabsDoNotDisturbEachOther(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t))
	jar, names := social.Cookies{}, map[string]bool{}
	var open []social.Answer
	for range 8 {
		a := w.begin(t, social.Start{Cookies: jar})
		jar = a.Cookies
		open = append(open, a)
	}
	if len(jar) != 8 {
		t.Fatalf("eight tabs have %d cookies", len(jar))
	}
	for range 20 { // however often somebody begins
		a := w.begin(t, social.Start{Cookies: jar})
		for name := range a.Cookies {
			names[name] = true
		}
	}
	if len(names) != 8 {
		t.Errorf("a browser is given %d cookies", len(names))
	}
	for i, a := range open {
		a.Cookies = jar
		if _, err := w.Finish(t.Context(), browser, a); err != nil {
			t.Errorf("tab %d: %v", i, err)
		}
	}
}

func TestTheCookieIsCalledAfterTheScheme(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), func(s *social.Service) { s.PublicURL = "http://localhost:8080" })
	for name := range w.begin(t, social.Start{}).Cookies {
		if !strings.HasPrefix(name, "gatehouse_social_") {
			t.Errorf("by http it is called %q, which no browser keeps", name)
		}
	}
}
