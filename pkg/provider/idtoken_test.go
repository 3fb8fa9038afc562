package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestIDTokensOfApps(t *testing.T) {
	for _, name := range []string{"google", "microsoft", "apple", "okta"} {
		t.Run(name, func(t *testing.T) {
			p, there, _ := start(t, name)
			got, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), "")
			want := identity.Assertion{Provider: name, Subject: jane().Subject, Email: jane().Email, EmailVerified: name != "microsoft", Name: jane().Name, Picture: jane().Picture}
			if name == "apple" {
				want.Name, want.Picture = "", ""
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v, (-want +got):\n%s", err, diff)
			}
		})
	}
	for _, name := range []string{"github", "facebook", "discord"} {
		p, _, _ := start(t, name)
		_, err := p.IDToken(t.Context(), "eyJ.eyJ.x", "")
		wants(t, err, provider.ErrIDTokenUnsupported)
	}
}

// with is a token that differs in claims.
func with(pairs ...any) providertest.Minted {
	claims := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		claims[pairs[i].(string)] = pairs[i+1]
	}
	return providertest.Minted{Claims: claims}
}

func TestIDTokensThatDoNotHold(t *testing.T) {
	p, there, at := start(t, "okta")
	now := at.Now().Unix()
	const web, mobile, other = providertest.ClientID, providertest.MobileClientID, providertest.OtherClientID
	for _, c := range []struct {
		name   string
		minted providertest.Minted
		nonce  string
		ok     bool
	}{
		{"a good one", providertest.Minted{}, "", true},
		{"one for the web client", with("aud", web), "", true},
		{"one in a list of one", with("aud", []string{mobile}), "", true},
		{"one that is a minute ahead", with("iat", now+60), "", true},
		{"one with its nonce", with("nonce", "n"), "n", true},
		{"one that the app asked for", with("azp", mobile), "", true},
		{"one for the server that the app asked for", with("aud", web, "azp", mobile), "", true},
		{"one for others too, that the app asked for", with("aud", []string{other, mobile}, "azp", mobile), "", true},
		{"one of another type name", providertest.Minted{Header: map[string]any{"typ": nil}}, "", true},

		{"an unsigned one", providertest.Minted{Alg: "none"}, "", false},
		{"one that says it is unsigned in capitals", providertest.Minted{Alg: "none", Header: map[string]any{"alg": "NONE"}}, "", false},
		{"one signed with our secret", providertest.Minted{Alg: "HS256", HMACKey: []byte(providertest.ClientSecret)}, "", false},
		{"one signed with the public key as a secret", providertest.Minted{Alg: "HS256", HMACKey: there.PublicKey(t)}, "", false},
		{"one of an algorithm that is not said", providertest.Minted{Header: map[string]any{"alg": "RS384"}}, "", false},
		{"one of another key under the right id", providertest.Minted{Foreign: true}, "", false},
		{"one of a key that is not known", providertest.Minted{Header: map[string]any{"kid": "unknown"}}, "", false},
		{"one of another key without an id", providertest.Minted{Foreign: true, Header: map[string]any{"kid": nil}}, "", false},
		{"one that brings its key along", providertest.Minted{Foreign: true, Header: map[string]any{"jwk": map[string]any{"kty": "RSA", "n": "AQAB", "e": "AQAB"}}}, "", false},
		{"one with a rule nobody knows", providertest.Minted{Header: map[string]any{"crit": []string{"x"}, "x": 1}}, "", false},
		{"an access token", providertest.Minted{Header: map[string]any{"typ": "at+jwt"}}, "", false},
		{"a notice of a sign-out", providertest.Minted{Header: map[string]any{"typ": "logout+jwt"}}, "", false},
		{"a notice of a sign-out by its events", with("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}), "", false},

		{"one for somebody else", with("aud", other), "", false},
		{"one for nobody", with("aud", nil), "", false},
		{"one for us in part", with("aud", mobile+","+other), "", false},
		{"one for others too, and nobody asked", with("aud", []string{mobile, other}), "", false},
		{"one that somebody else asked for", with("azp", other), "", false},
		{"one that nobody in particular asked for", with("azp", ""), "", false},
		{"one for others too, that another asked for", with("aud", []string{mobile, other}, "azp", other), "", false},

		{"one of another issuer", with("iss", "https://evil.example.com"), "", false},
		{"one of an issuer with a slash", with("iss", there.Config().Issuer+"/"), "", false},
		{"one of no issuer", with("iss", nil), "", false},
		{"one of an issuer as Google alone may write it", with("iss", "accounts.google.com"), "", false},
		{"one that has expired", with("exp", now-1), "", false},
		{"one that expires now", with("exp", now), "", false},
		{"one that never expires", with("exp", nil), "", false},
		{"one that is not good yet", with("nbf", now+120), "", false},
		{"one of the future", with("iat", now+120), "", false},
		{"one of an hour ago", with("iat", now-3600), "", false},
		{"one of eleven minutes ago", with("iat", now-660), "", false},
		{"one of no time", with("iat", nil), "", false},
		{"one of a time that is no number", with("iat", "now"), "", false},
		{"one about nobody", with("sub", nil), "", false},
		{"one about an empty name", with("sub", ""), "", false},
		{"one about two lines", with("sub", "a\nb"), "", false},
		{"one about too long a name", with("sub", strings.Repeat("x", 256)), "", false},
		{"one about a number", with("sub", 5), "", false},

		{"one that is longer than anybody's", with("x", strings.Repeat("x", 17<<10)), "", false},
		{"one with a nonce that the app does not send", with("nonce", "n"), "", false},
		{"one with another nonce", with("nonce", "n"), "m", false},
		{"one without the nonce that the app sends", providertest.Minted{}, "n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.IDToken(t.Context(), there.IDToken(t, c.minted), c.nonce)
			if c.ok && (err != nil || got.Subject != jane().Subject) {
				t.Errorf("got %+v, %v", got, err)
			}
			if !c.ok {
				wants(t, err, provider.ErrRejected)
			}
		})
	}
}

func TestTextsThatAreNoIDTokens(t *testing.T) {
	p, there, _ := start(t, "okta")
	good := there.IDToken(t, providertest.Minted{})
	parts := strings.Split(good, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var whole map[string]any
	if err := json.Unmarshal(claims, &whole); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"nothing": "", "a word": "x", "two parts": parts[0] + "." + parts[1], "no signature": parts[0] + "." + parts[1] + ".", "four parts": good + ".x",
		"another payload":             parts[0] + "." + base64.RawURLEncoding.EncodeToString(append([]byte(" "), claims...)) + "." + parts[2],
		"the JSON form":               `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"more than is read":           parts[0] + "." + strings.Repeat("x", 17<<10) + "." + parts[2],
		"a line break":                good + "\n",
		"a line break inside":         parts[0] + ".\r\n" + parts[1] + "." + parts[2],
		"a space inside":              parts[0] + ". " + parts[1] + "." + parts[2],
		"padding":                     parts[0] + "=." + parts[1] + "." + parts[2],
		"stray bits in the signature": parts[0] + "." + parts[1] + "." + stray(t, parts[2]),
		"stray bits in the header":    stray(t, parts[0]) + "." + parts[1] + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.IDToken(t.Context(), raw, "")
			wants(t, err, provider.ErrRejected)
		})
	}
	if there.Hits(providertest.KeysPath) > 1 {
		t.Errorf("the keys were fetched %d times", there.Hits(providertest.KeysPath))
	}
}

// stray returns base64url of the same bytes in another spelling.
func stray(t *testing.T, text string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(text)%4 == 0 {
		t.Fatal("no bit is left over")
	}
	last := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + alphabet[last+1:last+2]
}

func TestWhatCountsAsVerified(t *testing.T) {
	for _, c := range []struct {
		provider string
		said     any
		want     bool
	}{
		{"okta", true, true}, {"okta", false, false}, {"okta", nil, false}, {"okta", "true", false}, {"okta", 1, false}, {"okta", []bool{true}, false}, {"okta", "TRUE", false},
		{"google", true, true}, {"google", "true", false}, {"google", nil, false},
		{"apple", true, true}, {"apple", "true", true}, {"apple", "false", false}, {"apple", false, false}, {"apple", nil, false}, {"apple", "True", false}, {"apple", 1, false},
		{"microsoft", true, false}, {"microsoft", "true", false}, {"microsoft", nil, false},
	} {
		p, there, _ := start(t, c.provider)
		got, err := p.IDToken(t.Context(), there.IDToken(t, with("email_verified", c.said, "xms_edov", true)), "")
		if err != nil || got.EmailVerified != c.want || got.Email != jane().Email {
			t.Errorf("%s says %#v: %+v, %v", c.provider, c.said, got, err)
		}
	}
	p, there, _ := start(t, "okta")
	for _, address := range []any{"", nil, "no address", "a@b", "a@b.example\nc@d.example", `"Jane" <jane@example.com>`} {
		got, err := p.IDToken(t.Context(), there.IDToken(t, with("email", address)), "")
		if err != nil || got.Email != "" || got.EmailVerified {
			t.Errorf("%q: %+v, %v", address, got, err)
		}
	}
}

func TestTheCodeFlowTakesNoTokensOfApps(t *testing.T) {
	p, there, at := start(t, "okta")
	for name, minted := range map[string]providertest.Minted{
		"for the app":                      with("nonce", "the-nonce"),
		"that the app asked for":           with("aud", providertest.ClientID, "azp", providertest.MobileClientID, "nonce", "the-nonce"),
		"without a nonce":                  with("aud", providertest.ClientID),
		"signed with our secret":           {Alg: "HS256", HMACKey: []byte(providertest.ClientSecret), Claims: map[string]any{"aud": providertest.ClientID, "nonce": "the-nonce"}},
		"unsigned":                         {Alg: "none", Claims: map[string]any{"aud": providertest.ClientID, "nonce": "the-nonce"}},
		"of another key":                   {Foreign: true, Claims: map[string]any{"aud": providertest.ClientID, "nonce": "the-nonce"}},
		"of no time":                       with("aud", providertest.ClientID, "nonce", "the-nonce", "iat", nil),
		"of the future":                    with("aud", providertest.ClientID, "nonce", "the-nonce", "iat", at.Now().Unix()+120),
		"that has expired":                 with("aud", providertest.ClientID, "nonce", "the-nonce", "exp", at.Now().Unix()-1),
		"of another issuer":                with("aud", providertest.ClientID, "nonce", "the-nonce", "iss", "https://evil.example.com"),
		"with a nonce in another spelling": with("aud", providertest.ClientID, "NONCE", "the-nonce"),
	} {
		t.Run(name, func(t *testing.T) {
			there.Answer(providertest.TokenPath, answer(200, map[string]any{"access_token": "x", "token_type": "bearer", "id_token": there.IDToken(t, minted)}))
			_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
			wants(t, err, provider.ErrRejected)
		})
	}
}

func TestMicrosoftsTenants(t *testing.T) {
	const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
	issuer := func(there *providertest.Provider, tenant string) string { return there.URL + "/" + tenant + "/v2.0" }
	for _, c := range []struct {
		name, tenantInIssuer string
		tid                  any
		ok                   bool
	}{
		{"its own tenant", providertest.Tenant, providertest.Tenant, true},
		{"a personal account", personal, personal, true},
		{"another tenant than it says", personal, providertest.Tenant, false},
		{"no tenant", providertest.Tenant, nil, false},
		{"a tenant that is no id", "evil", "evil", false},
		{"a tenant with a path", "x/" + providertest.Tenant, "x/" + providertest.Tenant, false},
		{"the place of one", "{tenantid}", "{tenantid}", false},
		{"an id in capitals", strings.ToUpper(providertest.Tenant), strings.ToUpper(providertest.Tenant), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, there, _ := start(t, "microsoft")
			_, err := p.IDToken(t.Context(), there.IDToken(t, with("iss", issuer(there, c.tenantInIssuer), "tid", c.tid)), "")
			if c.ok && err != nil {
				t.Error(err)
			} else if !c.ok {
				wants(t, err, provider.ErrRejected)
			}
		})
	}
	t.Run("companies only", func(t *testing.T) {
		p, there, _ := start(t, "microsoft", func(c *provider.Config) { c.Issuer = strings.Replace(c.Issuer, "common", "organizations", 1) })
		there.Alias("/organizations/v2.0/.well-known/openid-configuration", providertest.TenantsPath)
		if _, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), ""); err != nil {
			t.Errorf("a company: %v", err)
		}
		_, err := p.IDToken(t.Context(), there.IDToken(t, with("iss", issuer(there, personal), "tid", personal)), "")
		wants(t, err, provider.ErrRejected)
	})
	t.Run("one company, of which the document says it is of all", func(t *testing.T) {
		p, there, _ := start(t, "microsoft", func(c *provider.Config) { c.Issuer = strings.Replace(c.Issuer, "common", providertest.Tenant, 1) })
		there.Alias("/"+providertest.Tenant+"/v2.0/.well-known/openid-configuration", providertest.TenantsPath)
		_, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), "")
		wants(t, err, provider.ErrUnavailable)
	})
	t.Run("one company", func(t *testing.T) {
		p, there, _ := start(t, "microsoft", func(c *provider.Config) { c.Issuer = strings.Replace(c.Issuer, "common", providertest.Tenant, 1) })
		there.Alias("/"+providertest.Tenant+"/v2.0/.well-known/openid-configuration", providertest.TenantsPath)
		there.ChangeDocument(func(d map[string]any) { d["issuer"] = issuer(there, providertest.Tenant) })
		if _, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), ""); err != nil {
			t.Errorf("the company: %v", err)
		}
		_, err := p.IDToken(t.Context(), there.IDToken(t, with("iss", issuer(there, personal), "tid", personal)), "")
		wants(t, err, provider.ErrRejected)
	})
}

func TestClocksMoveTogether(t *testing.T) {
	p, there, at := start(t, "okta")
	raw := there.IDToken(t, providertest.Minted{})
	at.Advance(10 * time.Minute)
	if _, err := p.IDToken(t.Context(), raw, ""); err != nil {
		t.Errorf("after ten minutes: %v", err)
	}
	at.Advance(time.Second)
	_, err := p.IDToken(t.Context(), raw, "")
	wants(t, err, provider.ErrRejected)
}
