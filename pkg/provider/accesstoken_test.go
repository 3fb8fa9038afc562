package provider_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAccessTokens(t *testing.T) {
	for name, verified := range map[string]bool{"google": true, "github": true, "discord": true, "facebook": false} {
		t.Run(name, func(t *testing.T) {
			p, there, at := start(t, name)
			got, err := p.AccessToken(t.Context(), there.AccessToken(providertest.ClientID))
			if err != nil || got.Provider != name || got.Subject != jane().Subject || got.Email != jane().Email || got.EmailVerified != verified || got.Name != jane().Name {
				t.Errorf("got %+v, %v", got, err)
			}
			for what, raw := range map[string]string{
				"one for another service": there.AccessToken(providertest.OtherClientID),
				"one that has expired":    there.ExpiredAccessToken(providertest.ClientID),
				"one that is made up":     "tok_made-up",
				"nothing":                 "",
				"two lines":               there.AccessToken(providertest.ClientID) + "\r\nX-Evil: 1",
				"more than is read":       strings.Repeat("x", 17<<10),
			} {
				_, err := p.AccessToken(t.Context(), raw)
				if wants(t, err, provider.ErrRejected); t.Failed() {
					t.Fatal(what)
				}
			}
			late := there.AccessToken(providertest.ClientID)
			at.Advance(time.Hour + time.Second)
			_, err = p.AccessToken(t.Context(), late)
			wants(t, err, provider.ErrRejected)
		})
	}
	p, there, _ := start(t, "google")
	if _, err := p.AccessToken(t.Context(), there.AccessToken(providertest.MobileClientID)); err != nil {
		t.Errorf("one for the app: %v", err)
	}
}

func TestAccessTokensThatProveNothing(t *testing.T) {
	for _, name := range []string{"microsoft", "apple", "okta"} {
		p, there, _ := start(t, name)
		_, err := p.AccessToken(t.Context(), there.AccessToken(providertest.ClientID))
		wants(t, err, provider.ErrAccessTokenUnsupported)
		if there.Hits() > 0 {
			t.Errorf("%s was asked", name)
		}
	}
}

func TestWhatTellsWhomAnAccessTokenIsFor(t *testing.T) {
	sub := jane().Subject
	const web, other = providertest.ClientID, providertest.OtherClientID
	const path = "/applications/" + web + "/token"
	type said = map[string]any
	google := func(change said) http.HandlerFunc {
		all := said{"aud": web, "azp": web, "sub": sub, "exp": "99999999999"}
		for name, value := range change {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		return answer(200, all)
	}
	facebook := func(change said) http.HandlerFunc {
		all := said{"app_id": web, "type": "USER", "is_valid": true, "user_id": sub, "expires_at": 0}
		for name, value := range change {
			all[name] = value
		}
		return answer(200, said{"data": all})
	}
	for _, c := range []struct {
		name, provider, path string
		h                    http.HandlerFunc
		want                 error
	}{
		{"as it is", "google", providertest.TokenInfoPath, google(nil), nil},
		{"a number that is one", "google", providertest.TokenInfoPath, google(said{"exp": 99999999999}), nil},
		{"without who asked", "google", providertest.TokenInfoPath, google(said{"azp": nil}), nil},
		{"another asked", "google", providertest.TokenInfoPath, google(said{"azp": other}), provider.ErrRejected},
		{"for another, that we asked for", "google", providertest.TokenInfoPath, google(said{"aud": other}), provider.ErrRejected},
		{"for nobody", "google", providertest.TokenInfoPath, google(said{"aud": nil, "azp": nil}), provider.ErrRejected},
		{"of another user", "google", providertest.TokenInfoPath, google(said{"sub": "1"}), provider.ErrRejected},
		{"of nobody", "google", providertest.TokenInfoPath, google(said{"sub": nil}), provider.ErrRejected},
		{"that never expires", "google", providertest.TokenInfoPath, google(said{"exp": nil}), provider.ErrRejected},
		{"that expires somehow", "google", providertest.TokenInfoPath, google(said{"exp": "never"}), provider.ErrRejected},
		{"broken", "google", providertest.TokenInfoPath, answer(500, said{}), provider.ErrUnavailable},
		{"a page", "google", providertest.TokenInfoPath, answer(200, "<html>"), provider.ErrUnavailable},

		{"as it is", "facebook", "/debug_token", facebook(nil), nil},
		{"of another application", "facebook", "/debug_token", facebook(said{"app_id": other}), provider.ErrRejected},
		{"not valid", "facebook", "/debug_token", facebook(said{"is_valid": false}), provider.ErrRejected},
		{"of another user", "facebook", "/debug_token", facebook(said{"user_id": "1"}), provider.ErrRejected},
		{"of a page, not of a user", "facebook", "/debug_token", facebook(said{"type": "PAGE"}), provider.ErrRejected},
		{"expired", "facebook", "/debug_token", facebook(said{"expires_at": 1}), provider.ErrRejected},
		{"our secret is wrong", "facebook", "/debug_token", answer(400, said{"error": said{"code": 190}}), provider.ErrUnavailable},

		{"of another application", "github", path, answer(200, said{"app": said{"client_id": other}, "user": said{"id": number(sub)}}), provider.ErrRejected},
		{"of another user", "github", path, answer(200, said{"app": said{"client_id": web}, "user": said{"id": 1}}), provider.ErrRejected},
		{"of nobody", "github", path, answer(200, said{"app": said{"client_id": web}, "user": nil}), provider.ErrRejected},
		{"not a token", "github", path, answer(422, said{"message": "Validation Failed"}), provider.ErrRejected},
		{"our secret is wrong", "github", path, answer(401, said{"message": "Bad credentials"}), provider.ErrUnavailable},

		{"of another user", "discord", "/oauth2/@me", answer(200, said{"application": said{"id": web}, "user": said{"id": "1"}, "expires": "2999-01-01T00:00:00Z"}), provider.ErrRejected},
		{"of nobody", "discord", "/oauth2/@me", answer(200, said{"application": said{"id": web}, "expires": "2999-01-01T00:00:00Z"}), provider.ErrRejected},
		{"that never expires", "discord", "/oauth2/@me", answer(200, said{"application": said{"id": web}, "user": said{"id": sub}}), provider.ErrRejected},
	} {
		t.Run(c.provider+": "+c.name, func(t *testing.T) {
			p, there, _ := start(t, c.provider)
			there.Answer(c.path, c.h)
			_, err := p.AccessToken(t.Context(), there.AccessToken(web))
			if c.want == nil && err != nil {
				t.Error(err)
			} else if c.want != nil {
				wants(t, err, c.want)
			}
			if there.Hits(c.path) != 1 {
				t.Errorf("%s was asked %d times", c.path, there.Hits(c.path))
			}
		})
	}
}

func TestGitHubsAddresses(t *testing.T) {
	type said = map[string]any
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"the primary one", answer(200, []said{{"email": "a@example.com", "primary": false, "verified": true}, {"email": "b@example.com", "primary": true, "verified": true}}), "b@example.com"},
		{"none when the primary one is not verified", answer(200, []said{{"email": "a@example.com", "primary": false, "verified": true}, {"email": "b@example.com", "primary": true, "verified": false}}), ""},
		{"none when there is none", answer(200, []said{}), ""},
		{"none when the scope was refused", answer(404, said{"message": "Not Found"}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, there, _ := start(t, "github")
			there.Answer("/user/emails", c.h)
			got, err := p.AccessToken(t.Context(), there.AccessToken(providertest.ClientID))
			if err != nil || got.Email != c.want || got.EmailVerified != (c.want != "") {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	p, there, _ := start(t, "github")
	there.Answer("/user/emails", answer(500, said{}))
	_, err := p.AccessToken(t.Context(), there.AccessToken(providertest.ClientID))
	wants(t, err, provider.ErrUnavailable)
}

func number(s string) (n int64) {
	for _, c := range s {
		n = n*10 + int64(c-'0')
	}
	return n
}
