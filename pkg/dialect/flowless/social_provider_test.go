package flowless_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// jane signs in at the providers.
func jane() providertest.User {
	return providertest.User{Subject: "10769150350006150715113082367", Email: "jane@example.com", Verified: true, Name: "Jane Doe", Picture: "https://pictures.example.com/jane.png"}
}

// everyProvider are the documented ones and one that is the operator's own.
var everyProvider = []string{"google", "github", "facebook", "apple", "discord", "microsoft", "okta"}

// withProviders starts a service with providers that it really talks to.
func withProviders(t *testing.T, open dialecttest.Opener, names ...string) (*dialecttest.Server, map[string]*providertest.Provider) {
	t.Helper()
	clock, there := dialecttest.NewClock(), map[string]*providertest.Provider{}
	env := []string{"GATEHOUSE_CORS_ORIGINS=https://app.example.org"}
	for _, name := range names {
		p := providertest.Start(t, name, jane())
		p.Clock(clock.Now)
		there[name] = p
		env = append(env, p.Env()...)
	}
	s := dialecttest.Start(t, open, dialecttest.Options{Env: env, Clock: clock})
	dialecttest.QuickPasswords(s)
	return s, there
}

// agrees does what a browser does whose user agrees at the provider, and brings the answer.
func (b *browser) agrees(t *testing.T, p *providertest.Provider, r dialecttest.Response) dialecttest.Response {
	t.Helper()
	if r.Status != http.StatusFound {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	back := p.Authorize(t, r.Header.Get("Location"))
	if back.Form == nil {
		return b.goes(t, dialecttest.Request{Path: back.URL.RequestURI()})
	}
	// The form is another site's: no cookie comes along.
	r = b.Do(t, dialecttest.Request{Path: back.URL.RequestURI(), Type: "application/x-www-form-urlencoded", Body: back.Form.Encode(), Header: map[string]string{"Origin": p.URL, "Sec-Fetch-Site": "cross-site"}})
	at, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	return b.goes(t, dialecttest.Request{Path: at.RequestURI()})
}

func TestEveryProviderSignsIn(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, name := range everyProvider {
			t.Run(name, func(t *testing.T) {
				s, there := withProviders(t, fresh(t), name)
				b := newBrowser(s)
				var user string
				for _, path := range []string{"social/" + name + "/login?format=json", "oauth/" + name} {
					if name == "okta" && strings.HasPrefix(path, "oauth") {
						continue
					}
					r := b.agrees(t, there[name], b.goes(t, dialecttest.Request{Path: "/flowless/auth/" + path}))
					var in cameIn
					if r.JSON(t, &in); r.Status != 200 || in.Provider != name || in.LoginType != "social_auth" || in.User.Email != jane().Email || s.FlowlessMe(t, in.SessionID) != 200 {
						t.Fatalf("%s: %d %s", path, r.Status, r.Body)
					}
					if user != "" && in.User.ID != user {
						t.Errorf("it is somebody else now: %s", r.Body)
					}
					user = in.User.ID
					if r.Header.Get("Set-Cookie") == "" || len(b.jar) != 1 || b.jar["session_id"] != in.SessionID {
						t.Errorf("the browser keeps %v", b.jar)
					}
				}
				r := answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/accounts", ID: b.jar["session_id"]})
				if !strings.Contains(r.Body, `"provider":"`+name+`"`) || !strings.Contains(r.Body, jane().Email) {
					t.Errorf("linked are %s", r.Body)
				}
			})
		}
	})
}

// TestTokensOfOthersSignNobodyIn is security case A-55.
func TestTokensOfOthersSignNobodyIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s, there := withProviders(t, open, "google", "facebook", "okta")
		p := there["google"]
		claim := func(name string, value any) providertest.Minted {
			return providertest.Minted{Claims: map[string]any{name: value}}
		}
		past, now := s.Clock.Now().Add(-time.Hour).Unix(), s.Clock.Now()
		for name, token := range map[string]string{
			"signed by nobody":                   p.IDToken(t, providertest.Minted{Alg: "none"}),
			"signed with the client secret":      p.IDToken(t, providertest.Minted{Alg: "HS256", HMACKey: []byte(providertest.ClientSecret)}),
			"signed with the public key":         p.IDToken(t, providertest.Minted{Alg: "HS256", HMACKey: p.PublicKey(t)}),
			"signed by another":                  p.IDToken(t, providertest.Minted{Foreign: true}),
			"under an unknown key":               p.IDToken(t, providertest.Minted{Header: map[string]any{"kid": "unknown"}}),
			"for another service":                p.IDToken(t, claim("aud", providertest.OtherClientID)),
			"of another issuer":                  p.IDToken(t, claim("iss", "https://evil.example")),
			"of another provider":                there["okta"].IDToken(t, providertest.Minted{}),
			"that has expired":                   p.IDToken(t, providertest.Minted{Claims: map[string]any{"iat": past - 3600, "exp": past}}),
			"that never expires":                 p.IDToken(t, claim("exp", nil)),
			"that expires in years":              p.IDToken(t, claim("exp", now.Add(50000*time.Hour).Unix())),
			"of nobody":                          p.IDToken(t, claim("sub", nil)),
			"that is no token":                   "x.y.z",
			"that is an access token (RFC 9068)": p.IDToken(t, providertest.Minted{Header: map[string]any{"typ": "at+jwt"}}),
		} {
			if r := answered(t, s, 401, asking("social/google/login-api", object{"idToken": token})); !strings.Contains(r.Body, "SOCIAL_REJECTED") {
				t.Errorf("%s: %s", name, r.Body)
			}
		}
		bound := p.IDToken(t, claim("nonce", "of-the-app"))
		answered(t, s, 401, asking("social/google/login-api", object{"idToken": bound, "nonce": "another"}))
		answered(t, s, 401, asking("social/google/login-api", object{"accessToken": p.AccessToken(providertest.OtherClientID)}))
		answered(t, s, 401, asking("social/google/login-api", object{"accessToken": p.ExpiredAccessToken(providertest.ClientID)}))
		answered(t, s, 401, asking("social/facebook/login-api", object{"accessToken": there["facebook"].AccessToken(providertest.OtherClientID)}))
		answered(t, s, 400, asking("social/okta/login-api", object{"accessToken": there["okta"].AccessToken(providertest.ClientID)}))
		if all, err := s.App.Accounts.List(t.Context(), "", 10); err != nil || len(all) != 0 {
			t.Errorf("there are %d accounts, %v", len(all), err)
		}
		good := p.IDToken(t, providertest.Minted{})
		answered(t, s, 200, asking("social/google/login-api", object{"idToken": good}))
		answered(t, s, 401, asking("social/google/login-api", object{"idToken": good})) // replayed
		unlogged(t, s, good, providertest.ClientSecret)
	})
}

// TestAnAddressThatNobodyVouchesForFindsNobody: not the account with that address, whatever is
// written instead of true.
func TestAnAddressThatNobodyVouchesForFindsNobody(t *testing.T) {
	for _, verified := range []any{false, nil, "true", "false", 1} {
		s, there := withProviders(t, dialecttest.SQLite(t), "google")
		victim := joined(t, s, jane().Email)
		token := there["google"].IDToken(t, providertest.Minted{Claims: map[string]any{"email_verified": verified}})
		r := s.Do(t, asking("social/google/login-api", object{"idToken": token}))
		u, err := s.App.Accounts.Find(t.Context(), victim.Email)
		if err != nil || r.Status < 400 || len(u.Linked) != 0 || len(cookies(r)) != 0 {
			t.Errorf("%v: %d %s, linked %v (%v)", verified, r.Status, r.Body, u.Linked, err)
		}
	}
}

// TestAProviderThatHangsDelaysNobodyElse signs in by password while people wait for a provider.
func TestAProviderThatHangsDelaysNobodyElse(t *testing.T) {
	s, there := withProviders(t, dialecttest.SQLite(t), "google", "github")
	joined(t, s, ada)
	b := newBrowser(s)
	begun := there["google"].Authorize(t, b.goes(t, dialecttest.Request{Path: googleLogin}).Header.Get("Location"))
	there["google"].Hold()
	var all sync.WaitGroup
	statuses := make(chan int, 30)
	for i := range cap(statuses) {
		q := asking("social/google/login-api", object{"accessToken": there["github"].AccessToken(providertest.ClientID)})
		if i == 0 {
			q = dialecttest.Request{Path: begun.URL.RequestURI(), Header: map[string]string{}}
			for name, value := range b.jar {
				q.Header["Cookie"] = name + "=" + value
			}
		}
		all.Go(func() {
			r, err := s.Try(q)
			if err != nil {
				t.Error(err)
			}
			statuses <- r.Status
		})
	}
	s.FlowlessLogin(t, ada, phrase)
	other := newBrowser(s)
	if r := other.agrees(t, there["github"], other.goes(t, dialecttest.Request{Path: "/flowless/auth/social/github/login"})); r.Status != http.StatusFound {
		t.Errorf("another provider: %d %s", r.Status, r.Body)
	}
	there["google"].Down(true)
	there["google"].Release()
	all.Wait()
	close(statuses)
	for status := range statuses {
		if status != http.StatusServiceUnavailable && status != http.StatusUnauthorized {
			t.Errorf("who waited is answered %d", status)
		}
	}
	r := answered(t, s, 503, asking("social/google/login-api", object{"accessToken": "x"}))
	if !strings.Contains(r.Body, "SOCIAL_UNAVAILABLE") || r.Header.Get("Retry-After") == "" || strings.Contains(r.Body, "127.0.0.1") {
		t.Errorf("%s after %q", r.Body, r.Header.Get("Retry-After"))
	}
}
