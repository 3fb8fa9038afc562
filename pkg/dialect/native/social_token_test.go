package native_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAnAppSignsInByAProvidersToken(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"discord", "facebook", "github", "google"})
		google := w.providers["google"]
		var id string
		for _, c := range []struct{ name, provider, field, token, nonce string }{
			{"an ID token for the app", "google", "idToken", w.idToken(t, "google"), ""},
			{"an ID token for the web client", "google", "idToken", google.IDToken(t, providertest.Minted{Claims: map[string]any{"aud": providertest.ClientID}}), ""},
			{"an ID token with a nonce", "google", "idToken", google.IDToken(t, providertest.Minted{Claims: map[string]any{"nonce": "n1"}}), "n1"},
			{"an access token of google", "google", "accessToken", google.AccessToken(providertest.ClientID), ""},
			{"an access token of github", "github", "accessToken", w.providers["github"].AccessToken(providertest.ClientID), ""},
			{"an access token of discord", "discord", "accessToken", w.providers["discord"].AccessToken(providertest.ClientID), ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				pairs := []string{c.field, c.token}
				if c.nonce != "" {
					pairs = append(pairs, "nonce", c.nonce)
				}
				a := authorization(t, w.Do(t, w.enter(c.provider, pairs...)))
				if id == "" {
					id = a.LocalID
				}
				if a.LocalID != id || a.Email != lovelace.Email || w.other.Me(t, a.AccessToken) != 200 || w.Refresh(t, a.RefreshToken).LocalID != id {
					t.Errorf("came in as %v", a)
				}
				if strings.Contains(w.Log.String(), c.token) {
					t.Error("the log holds the token")
				}
			})
		}
		t.Run("an access token of facebook, which vouches for no address", func(t *testing.T) {
			r := w.Do(t, w.enter("facebook", "accessToken", w.providers["facebook"].AccessToken(providertest.ClientID)))
			if r.Status != 409 || r.Code() != "email_exists" {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
		var providers struct{ Providers []map[string]string }
		must(t, w.Server, request{Path: "/auth/social/providers"}, 200).JSON(t, &providers)
		want := []map[string]string{}
		for _, name := range []string{"discord", "facebook", "github", "google"} {
			want = append(want, map[string]string{"provider": name, "loginUrl": "/auth/social/" + name + "/login", "apiLoginUrl": "/auth/social/" + name + "/login-api"})
		}
		if diff := cmp.Diff(want, providers.Providers); diff != "" {
			t.Errorf("providers (-want +got):\n%s", diff)
		}
	})
}

func TestNobodyComesInByAnotherToken(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"github", "google", "keycloak"})
		google, keycloak := w.providers["google"], w.providers["keycloak"]
		minted := func(m providertest.Minted) string { return google.IDToken(t, m) }
		claim := func(name string, value any) string {
			return minted(providertest.Minted{Claims: map[string]any{name: value}})
		}
		now := w.Clock.Now().Unix()
		genuine := minted(providertest.Minted{})
		part := strings.Split(genuine, ".")
		for _, c := range []struct {
			name, provider string
			send           []string
			status         int
			code, field    string
		}{
			{"alg none", "google", []string{"idToken", minted(providertest.Minted{Alg: "none"})}, 401, "social_rejected", ""},
			{"HS256 with the client secret", "google", []string{"idToken", minted(providertest.Minted{Alg: "HS256", HMACKey: []byte(providertest.ClientSecret)})}, 401, "social_rejected", ""},
			{"HS256 with the public key", "google", []string{"idToken", minted(providertest.Minted{Alg: "HS256", HMACKey: google.PublicKey(t)})}, 401, "social_rejected", ""},
			{"signed by somebody else", "google", []string{"idToken", minted(providertest.Minted{Foreign: true})}, 401, "social_rejected", ""},
			{"an unknown key", "google", []string{"idToken", minted(providertest.Minted{Foreign: true, Header: map[string]any{"kid": "nobody's"}})}, 401, "social_rejected", ""},
			{"without its signature", "google", []string{"idToken", part[0] + "." + part[1] + "."}, 401, "social_rejected", ""},
			{"the claims of another", "google", []string{"idToken", part[0] + "." + strings.Split(claim("sub", "1"), ".")[1] + "." + part[2]}, 401, "social_rejected", ""},
			{"another audience", "google", []string{"idToken", claim("aud", providertest.OtherClientID)}, 401, "social_rejected", ""},
			{"another beside us", "google", []string{"idToken", claim("aud", []string{providertest.ClientID, providertest.OtherClientID})}, 401, "social_rejected", ""},
			{"asked for by another", "google", []string{"idToken", claim("azp", providertest.OtherClientID)}, 401, "social_rejected", ""},
			{"no audience", "google", []string{"idToken", claim("aud", nil)}, 401, "social_rejected", ""},
			{"another issuer", "google", []string{"idToken", claim("iss", "https://evil.example")}, 401, "social_rejected", ""},
			{"of another provider of ours", "google", []string{"idToken", keycloak.IDToken(t, providertest.Minted{})}, 401, "social_rejected", ""},
			{"expired", "google", []string{"idToken", claim("exp", now-1)}, 401, "social_rejected", ""},
			{"never ending", "google", []string{"idToken", claim("exp", nil)}, 401, "social_rejected", ""},
			{"made long ago", "google", []string{"idToken", claim("iat", now-3600)}, 401, "social_rejected", ""},
			{"not good yet", "google", []string{"idToken", claim("nbf", now+3600)}, 401, "social_rejected", ""},
			{"a nonce that was not sent", "google", []string{"idToken", claim("nonce", "n1")}, 401, "social_rejected", ""},
			{"another nonce", "google", []string{"idToken", claim("nonce", "n1"), "nonce", "n2"}, 401, "social_rejected", ""},
			{"a nonce that is not in it", "google", []string{"idToken", minted(providertest.Minted{}), "nonce", "n1"}, 401, "social_rejected", ""},
			{"about nobody", "google", []string{"idToken", claim("sub", nil)}, 401, "social_rejected", ""},
			{"no token at all", "google", []string{"idToken", "nonsense"}, 401, "social_rejected", ""},
			{"our own access token", "google", []string{"idToken", w.Register(t, "bob@example.com", goodPassword).AccessToken}, 401, "social_rejected", ""},
			{"an access token for another", "google", []string{"accessToken", google.AccessToken(providertest.OtherClientID)}, 401, "social_rejected", ""},
			{"an access token that has expired", "google", []string{"accessToken", google.ExpiredAccessToken(providertest.ClientID)}, 401, "social_rejected", ""},
			{"an access token of github's for another", "github", []string{"accessToken", w.providers["github"].AccessToken(providertest.OtherClientID)}, 401, "social_rejected", ""},
			{"an access token that is none", "github", []string{"accessToken", "gho_x"}, 401, "social_rejected", ""},
			{"an access token that splits a header", "github", []string{"accessToken", "x\r\nX-Evil: 1"}, 401, "social_rejected", ""},
			{"an access token that proves nothing", "keycloak", []string{"accessToken", keycloak.AccessToken(providertest.ClientID)}, 400, "access_token_unsupported", ""},
			{"an ID token where there are none", "github", []string{"idToken", genuine}, 400, "id_token_unsupported", ""},
			{"neither", "google", nil, 400, "invalid_input", "idToken"},
			{"empty ones", "google", []string{"idToken", "", "accessToken", ""}, 400, "invalid_input", "idToken"},
			{"both", "google", []string{"idToken", genuine, "accessToken", "x"}, 400, "invalid_input", "accessToken"},
			{"a nonce with an access token", "google", []string{"accessToken", "x", "nonce", "n1"}, 400, "invalid_input", "nonce"},
			{"a role", "google", []string{"idToken", genuine, "userType", "admin"}, 400, "invalid_input", "userType"},
			{"an address", "google", []string{"idToken", genuine, "email", "eve@example.com"}, 400, "invalid_input", "email"},
			{"a provider that is not there", "nobody", []string{"idToken", genuine}, 404, "social_provider_unknown", ""},
			{"a provider in capitals", "Google", []string{"idToken", genuine}, 404, "social_provider_unknown", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				before := accounts(t, w.Server)
				r := w.Do(t, w.enter(c.provider, c.send...))
				if r.Status != c.status || r.Code() != c.code || !strings.Contains(r.Body, `"field":"`+c.field) && c.field != "" {
					t.Errorf("%d %s", r.Status, r.Body)
				}
				if accounts(t, w.Server) != before || w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject) != "" || w.is(t, identity.EmailIdentifier, lovelace.Email) != "" {
					t.Error("an account was made")
				}
				if len(c.send) > 1 && len(c.send[1]) > 40 && strings.Contains(w.Log.String()+r.Body, c.send[1]) {
					t.Error("the token is repeated")
				}
			})
		}
		last := "x"
		if strings.HasSuffix(w.Publishable, last) {
			last = "y"
		}
		for _, key := range []string{"", "pk_nonsense", w.Publishable[:len(w.Publishable)-1] + last} {
			q := w.enter("google", "idToken", genuine)
			q.Key = key
			if r := w.Do(t, q); r.Status != 401 || r.Code() == "social_rejected" {
				t.Errorf("by the key %q: %d %s", key, r.Status, r.Body)
			}
		}
		authorization(t, w.Do(t, w.enter("google", "idToken", genuine))) // none of this has used it up
	})
}

func TestAnIDTokenIsGoodOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google"})
		token := w.idToken(t, "google")
		statuses := make([]int, 20)
		dialecttest.Together(20, func(i int) {
			r, err := []*dialecttest.Server{w.Server, w.other}[i%2].Try(w.enter("google", "idToken", token))
			if err != nil {
				t.Error(err)
			}
			statuses[i] = r.Status
		})
		count := map[int]int{}
		for _, s := range statuses {
			count[s]++
		}
		if count[200] != 1 || count[401] != 19 {
			t.Errorf("answers: %v", count)
		}
		w.Clock.Advance(9 * time.Minute)
		w.Run(t, []kase{
			{Name: "later", Request: w.enter("google", "idToken", token), Status: 401, Code: "social_rejected"},
			{Name: "at an end", Request: w.enter("google", "idToken", strings.TrimRight(token, "=")+"="), Status: 401, Code: "social_rejected"},
		})
	})
}

// TestNobodysWordForAnAddressLinks is A-55's claims that do not say that an address is verified.
func TestNobodysWordForAnAddressLinks(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google"})
		a := w.Register(t, lovelace.Email, goodPassword)
		must(t, w.Server, verifyBy(w.MailedToken(t, mail.VerifyEmail, lovelace.Email)), 204)
		for name, said := range map[string]any{"false": false, "absent": nil, "a string": "true", "a number": 1, "a list": []bool{true}, "null in capitals": "TRUE"} {
			token := w.providers["google"].IDToken(t, providertest.Minted{Claims: map[string]any{"email_verified": said}})
			if r := w.Do(t, w.enter("google", "idToken", token)); r.Status != 409 || r.Code() != "email_exists" {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
		if got := w.linked(t, a); len(got) != 0 || w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject) != "" {
			t.Errorf("linked: %v", got)
		}
	})
}

func TestTokensAreNotTriedWithoutEnd(t *testing.T) {
	w := newWorld(t, dialecttest.SQLite(t), []string{"google"}, "GATEHOUSE_LIMIT_LOGIN=1/15m")
	w.Register(t, "bob@example.com", goodPassword)
	for i := range 10 {
		r := must(t, []*dialecttest.Server{w.Server, w.other}[i%2], w.enter("google", "idToken", "nonsense"), 401)
		if got := r.Header.Get("X-RateLimit-Remaining"); got != strconv.Itoa(9-i) {
			t.Errorf("%s remain after %d", got, i+1)
		}
	}
	r := must(t, w.other, w.enter("google", "idToken", w.idToken(t, "google")), 429)
	if r.Code() != "rate_limited" || r.Header.Get("Retry-After") != "900" {
		t.Errorf("%s %s", r.Header, r.Body)
	}
	w.Login(t, "bob@example.com", goodPassword)
	w.Clock.Advance(15 * time.Minute)
	authorization(t, w.Do(t, w.enter("google", "idToken", w.idToken(t, "google"))))
}
