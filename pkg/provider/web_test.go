package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestTheWebFlow(t *testing.T) {
	full := identity.Assertion{Subject: jane().Subject, Email: "jane@example.com", EmailVerified: true, Name: "Jane Doe", Picture: "https://pictures.example.com/jane.png"}
	with := func(change func(*identity.Assertion)) identity.Assertion {
		a := full
		change(&a)
		return a
	}
	for name, want := range map[string]identity.Assertion{
		"google":    full,
		"okta":      full,
		"github":    full,
		"microsoft": with(func(a *identity.Assertion) { a.EmailVerified = false }),
		"facebook":  with(func(a *identity.Assertion) { a.EmailVerified = false }),
		"apple":     with(func(a *identity.Assertion) { a.Name, a.Picture = "", "" }),
		"discord": with(func(a *identity.Assertion) {
			a.Picture = "https://cdn.discordapp.com/avatars/" + a.Subject + "/8342729096ea3675442027381ff50dfe.png"
		}),
	} {
		t.Run(name, func(t *testing.T) {
			p, there, _ := start(t, name)
			want.Provider = name
			for range 2 {
				got, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Fatalf("%v, (-want +got):\n%s", err, diff)
				}
			}
			if n := there.Hits(providertest.DiscoveryPath, providertest.TenantsPath); n > 1 {
				t.Errorf("the provider was asked %d times who it is", n)
			}
		})
	}
}

func TestAnUnverifiedAddressIsToldAsOne(t *testing.T) {
	for _, name := range []string{"google", "okta", "github", "discord", "apple"} {
		t.Run(name, func(t *testing.T) {
			p, there, _ := start(t, name)
			u := jane()
			u.Verified = false
			there.SignIn(u)
			got, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
			if err != nil || got.EmailVerified || got.Email != "" && name == "github" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestWhatABrowserIsSentWith(t *testing.T) {
	for name, want := range map[string]url.Values{
		"google":   {"scope": {"openid email profile"}, "nonce": {"the-nonce"}},
		"apple":    {"scope": {"openid email"}, "nonce": {"the-nonce"}, "response_mode": {"form_post"}},
		"facebook": {"scope": {"email public_profile"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, _ := start(t, name)
			at, err := p.AuthURL(t.Context(), authorization())
			if err != nil {
				t.Fatal(err)
			}
			u, _ := url.Parse(at)
			for parameter, value := range map[string]string{
				"response_type": "code", "client_id": providertest.ClientID, "redirect_uri": redirect, "state": "the-state",
				"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256", // RFC 7636 appendix B
			} {
				want[parameter] = []string{value}
			}
			if diff := cmp.Diff(want, u.Query()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestScopesOfTheOperator(t *testing.T) {
	p, _, _ := start(t, "apple", func(c *provider.Config) { c.Scopes = []string{"openid"} })
	if p.FormPost() {
		t.Error("apple is asked for a form although nothing is asked for")
	}
	p, _, _ = start(t, "okta", func(c *provider.Config) { c.Scopes = []string{"email"} })
	at, err := p.AuthURL(t.Context(), authorization())
	if u, _ := url.Parse(at); err != nil || u.Query().Get("scope") != "openid email" {
		t.Errorf("%s, %v: openid is not asked for", at, err)
	}
}

func TestCodesThatDoNotHold(t *testing.T) {
	for _, name := range []string{"okta", "apple", "github", "facebook", "discord"} {
		for _, c := range []struct {
			name  string
			spend func(t *testing.T, p *provider.Provider, there *providertest.Provider) (string, provider.Authorization)
		}{
			{"a code that was never given", func(*testing.T, *provider.Provider, *providertest.Provider) (string, provider.Authorization) {
				return "made-up", authorization()
			}},
			{"no code", func(*testing.T, *provider.Provider, *providertest.Provider) (string, provider.Authorization) {
				return "", authorization()
			}},
			{"a code that was used", func(t *testing.T, p *provider.Provider, there *providertest.Provider) (string, provider.Authorization) {
				used := code(t, p, there, authorization())
				if _, err := p.Exchange(t.Context(), used, authorization()); err != nil {
					t.Fatal(err)
				}
				return used, authorization()
			}},
			{"a code of another verifier", func(t *testing.T, p *provider.Provider, there *providertest.Provider) (string, provider.Authorization) {
				a := authorization()
				a.Verifier = "another-" + verifier
				return code(t, p, there, authorization()), a
			}},
		} {
			t.Run(name+": "+c.name, func(t *testing.T) {
				p, there, _ := start(t, name)
				spent, a := c.spend(t, p, there)
				_, err := p.Exchange(t.Context(), spent, a)
				wants(t, err, provider.ErrRejected)
			})
		}
	}
}

func TestAnIDTokenOfAnotherRequest(t *testing.T) {
	p, there, _ := start(t, "okta")
	a := authorization()
	a.Nonce = "another"
	_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), a)
	wants(t, err, provider.ErrRejected)
}

func TestAnAuthorizationHasAllThatBindsIt(t *testing.T) {
	p, _, _ := start(t, "okta")
	for name, change := range map[string]func(*provider.Authorization){
		"no state": func(a *provider.Authorization) { a.State = "" }, "no nonce": func(a *provider.Authorization) { a.Nonce = "" },
		"no verifier": func(a *provider.Authorization) { a.Verifier = "" }, "a short verifier": func(a *provider.Authorization) { a.Verifier = verifier[:42] },
		"no redirect URI": func(a *provider.Authorization) { a.RedirectURI = "" },
	} {
		a := authorization()
		change(&a)
		if at, err := p.AuthURL(t.Context(), a); err == nil {
			t.Errorf("%s: %s", name, at)
		}
		if got, err := p.Exchange(t.Context(), "x", a); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// answer replies with JSON.
func answer(status int, v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
}

func TestWhatTheTokenEndpointSays(t *testing.T) {
	const page = "<html>our code and secret were in it</html>"
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want error
	}{
		{"the code is wrong", answer(400, map[string]string{"error": "invalid_grant", "error_description": page}), provider.ErrRejected},
		{"an error that is a page", answer(400, map[string]string{"error": page}), provider.ErrRejected},
		{"our secret is wrong", answer(401, map[string]string{"error": "invalid_client"}), provider.ErrUnavailable},
		{"it is down", answer(503, map[string]string{"error": "invalid_grant"}), provider.ErrUnavailable},
		{"it is overloaded", answer(429, map[string]string{}), provider.ErrUnavailable},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) }, provider.ErrUnavailable},
		{"tokens without one for us", answer(200, map[string]string{"access_token": "x", "token_type": "bearer"}), provider.ErrUnavailable},
		{"an ID token that is none", answer(200, map[string]string{"access_token": "x", "id_token": "y"}), provider.ErrRejected},
		{"an access token that breaks headers", answer(200, map[string]string{"access_token": "x\r\ny", "id_token": "y"}), provider.ErrUnavailable},
		{"a redirect with everything in it", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.com/", http.StatusTemporaryRedirect)
		}, provider.ErrUnavailable},
		{"more than anybody reads", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) }, provider.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, there, _ := start(t, "okta")
			there.Answer(providertest.TokenPath, c.h)
			_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
			wants(t, err, c.want)
		})
	}
}

// TestHowTheSecretIsTold holds it to one of the ways that a provider says it takes.
func TestHowTheSecretIsTold(t *testing.T) {
	for _, c := range []struct {
		methods any
		inForm  bool
	}{{nil, false}, {[]string{"client_secret_basic"}, false}, {[]string{"private_key_jwt", "client_secret_post"}, true}, {[]string{"client_secret_basic", "client_secret_post"}, true}} {
		p, there, _ := start(t, "okta")
		there.ChangeDocument(func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = c.methods })
		there.Answer(providertest.TokenPath, func(w http.ResponseWriter, r *http.Request) {
			_, secret, basic := r.BasicAuth()
			if form := r.PostFormValue("client_secret"); basic == c.inForm || secret+form != providertest.ClientSecret {
				t.Errorf("%v: in the header %q, in the form %q", c.methods, secret, form)
			}
			answer(400, map[string]string{"error": "invalid_grant"})(w, r)
		})
		_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
		wants(t, err, provider.ErrRejected)
	}
}

func TestUserinfo(t *testing.T) {
	sub := jane().Subject
	for _, c := range []struct {
		name     string
		inToken  map[string]any // beside what it must have
		info     http.HandlerFunc
		want     identity.Assertion
		err      error
		unwanted bool // it is not asked
	}{
		{"an address in the ID token is enough", map[string]any{"email": "a@example.com", "email_verified": true}, nil, identity.Assertion{Email: "a@example.com", EmailVerified: true}, nil, true},
		{"an address only there is taken", nil, answer(200, map[string]any{"sub": sub, "email": "b@example.com", "email_verified": true, "name": "B"}), identity.Assertion{Email: "b@example.com", EmailVerified: true, Name: "B"}, nil, false},
		{"an address and its proof come from one place", map[string]any{"email": "a@example.com"}, answer(200, map[string]any{"sub": sub, "email_verified": true}), identity.Assertion{Email: "a@example.com"}, nil, false},
		{"both from there", map[string]any{"email": "a@example.com"}, answer(200, map[string]any{"sub": sub, "email": "b@example.com", "email_verified": false}), identity.Assertion{Email: "b@example.com"}, nil, false},
		{"about somebody else", nil, answer(200, map[string]any{"sub": "else", "email": "b@example.com", "email_verified": true}), identity.Assertion{}, provider.ErrRejected, false},
		{"about nobody", nil, answer(200, map[string]any{"email": "b@example.com", "email_verified": true}), identity.Assertion{}, provider.ErrUnavailable, false},
		{"a name twice", nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"sub":"` + sub + `","email":"b@example.com","email_verified":false,"email_verified":true}`))
		}, identity.Assertion{}, provider.ErrUnavailable, false},
		{"a name in capitals", nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"sub":"` + sub + `","email":"b@example.com","email_verified":false,"EMAIL_VERIFIED":true}`))
		}, identity.Assertion{Email: "b@example.com"}, nil, false},
		{"down", nil, answer(500, "x"), identity.Assertion{}, provider.ErrUnavailable, false},
		{"it refuses the token", nil, answer(401, "x"), identity.Assertion{}, provider.ErrRejected, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, there, _ := start(t, "okta")
			claims := map[string]any{"aud": providertest.ClientID, "nonce": "the-nonce", "email": nil, "email_verified": nil, "name": nil, "picture": nil}
			for name, value := range c.inToken {
				claims[name] = value
			}
			there.Answer(providertest.TokenPath, answer(200, map[string]any{"access_token": "x", "token_type": "bearer", "id_token": there.IDToken(t, providertest.Minted{Claims: claims})}))
			if c.info != nil {
				there.Answer(providertest.UserinfoPath, c.info)
			}
			got, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
			if c.err != nil {
				wants(t, err, c.err)
				return
			}
			c.want.Provider, c.want.Subject = "okta", sub
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v, (-want +got):\n%s", err, diff)
			}
			if asked := there.Hits(providertest.UserinfoPath) > 0; asked == c.unwanted {
				t.Errorf("it was asked: %t", asked)
			}
		})
	}
}

// TestMicrosoftIsAskedOnce: its ID token has all that its userinfo endpoint tells, and what the
// endpoint calls a picture is shown to nobody who has no token.
func TestMicrosoftIsAskedOnce(t *testing.T) {
	p, there, _ := start(t, "microsoft")
	there.Answer(providertest.UserinfoPath, answer(403, map[string]any{"error": map[string]string{"code": "Forbidden"}}))
	got, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
	if err != nil || got.Email != jane().Email || there.Hits(providertest.UserinfoPath) != 0 {
		t.Errorf("got %+v, %v after %d more calls", got, err, there.Hits(providertest.UserinfoPath))
	}
	p, there, _ = start(t, "microsoft", func(c *provider.Config) {
		c.UserinfoURL = c.Issuer[:len(c.Issuer)-len("/common/v2.0")] + providertest.UserinfoPath
	})
	if _, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization()); err != nil || there.Hits(providertest.UserinfoPath) != 1 {
		t.Errorf("%v; where the operator says to ask, it is asked %d times", err, there.Hits(providertest.UserinfoPath))
	}
}

func TestTheAccessTokenIsTheOneOfTheIDToken(t *testing.T) {
	for hash, want := range map[string]error{"9Cnd2PBRlkl8PyN83HhcHg": provider.ErrRejected, "uby9Z8Gb_H_x4fPjwNzguw": nil} {
		p, there, _ := start(t, "okta")
		raw := there.IDToken(t, providertest.Minted{Claims: map[string]any{"aud": providertest.ClientID, "nonce": "the-nonce", "at_hash": hash}})
		there.Answer(providertest.TokenPath, answer(200, map[string]any{"access_token": "the-access-token", "token_type": "bearer", "id_token": raw}))
		_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
		if want == nil && err != nil {
			t.Errorf("the right hash: %v", err)
		} else if want != nil {
			wants(t, err, want)
		}
	}
}
