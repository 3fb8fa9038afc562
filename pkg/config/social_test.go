package config_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

// signingKey returns a fresh private key as Apple writes them.
func signingKey(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// social returns variables of one provider.
func social(name string, parts ...string) []string {
	env := make([]string, len(parts))
	for i, part := range parts {
		env[i] = "GATEHOUSE_SOCIAL_" + name + "_" + part
	}
	return env
}

func TestProvidersAreRead(t *testing.T) {
	key := signingKey(t, elliptic.P256())
	file := filepath.Join(t.TempDir(), "key.p8")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	var env []string
	env = append(env, social("OKTA", "CLIENT_ID=o", "CLIENT_SECRET=os", "ISSUER=https://x.okta.example/oauth2/default", "SCOPES=openid email,groups",
		"AUTH_URL=https://x.okta.example/a?b=c", "TOKEN_URL=https://x.okta.example/t", "USERINFO_URL=http://[::1]:1/u", "MOBILE_CLIENT_IDS=ios, android")...)
	env = append(env, social("APPLE", "CLIENT_ID=com.example.web", "CLIENT_SECRET_FILE="+file, "TEAM_ID=T1", "KEY_ID=K1")...)
	env = append(env, social("GITHUB", "CLIENT_ID=g", "CLIENT_SECRET=gs", "TOKEN_INFO_URL=http://localhost:1/applications/g/token")...)
	env = append(env, social("GOOGLE", "CLIENT_ID=", "CLIENT_SECRET=", "CLIENT_SECRET_FILE=", "SCOPES=")...) // a template without values
	got, err := config.FromEnv(env)
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Social{
		{Name: "apple", ClientID: "com.example.web", ClientSecret: config.Secret(strings.TrimRight(key, "\n")), TeamID: "T1", KeyID: "K1"},
		{Name: "github", ClientID: "g", ClientSecret: "gs", TokenInfoURL: "http://localhost:1/applications/g/token"},
		{
			Name: "okta", ClientID: "o", ClientSecret: "os", Issuer: "https://x.okta.example/oauth2/default", Scopes: []string{"openid", "email", "groups"},
			AuthURL: "https://x.okta.example/a?b=c", TokenURL: "https://x.okta.example/t", UserinfoURL: "http://[::1]:1/u", MobileClientIDs: []string{"ios", "android"},
		},
	}
	if diff := cmp.Diff(want, got.Social, cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://x.okta.example/oauth2/default", "https://x.okta.example/a?b=c", "https://x.okta.example/t", "http://[::1]:1/u"}, got.Social[2].URLs()); diff != "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
}

func TestProvidersAreShownWithoutTheirSecrets(t *testing.T) {
	c, err := config.FromEnv(social("GITHUB", "CLIENT_ID=the-client", "CLIENT_SECRET=correct-horse"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := errors.Join(c.Print(&out), json.NewEncoder(&out).Encode(c.Effective())); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%v %+v %#v %q", c, c, c, c.Social)
	text := out.String()
	if strings.Contains(text, "correct-horse") {
		t.Errorf("a secret was printed:\n%s", text)
	}
	if !strings.Contains(text, "GATEHOUSE_SOCIAL_GITHUB_CLIENT_ID") || !strings.Contains(text, "the-client") || !strings.Contains(text, "GATEHOUSE_SOCIAL_GITHUB_CLIENT_SECRET") {
		t.Errorf("the provider is not shown:\n%s", text)
	}
	if strings.Contains(text, "GATEHOUSE_SOCIAL_GITHUB_ISSUER") {
		t.Errorf("what is not set is shown:\n%s", text)
	}
}

func TestProvidersThatCannotWorkAreRefused(t *testing.T) {
	good := []string{"CLIENT_ID=c", "CLIENT_SECRET=s"}
	generic := append([]string{"ISSUER=https://idp.example.com"}, good...)
	apple := []string{"CLIENT_ID=c", "TEAM_ID=t", "KEY_ID=k", "CLIENT_SECRET=" + signingKey(t, elliptic.P256())}
	for _, c := range []struct {
		name, provider string
		parts          []string
		want           string
	}{
		{"nobody asks", "GOOGLE", []string{"CLIENT_SECRET=s"}, "GATEHOUSE_SOCIAL_GOOGLE_CLIENT_ID=\"\": want it set"},
		{"nothing proves who asks", "GOOGLE", []string{"CLIENT_ID=c"}, "GATEHOUSE_SOCIAL_GOOGLE_CLIENT_SECRET: want it or its _FILE set"},
		{"a secret and a file", "GOOGLE", append([]string{"CLIENT_SECRET_FILE=/x"}, good...), "GATEHOUSE_SOCIAL_GOOGLE_CLIENT_SECRET_FILE: give this or"},
		{"a provider that nobody knows", "OKTA", good, "GATEHOUSE_SOCIAL_OKTA_ISSUER=\"\": want it set: the name stands for none of"},
		{"an issuer by http", "OKTA", append([]string{"ISSUER=http://idp.example.com"}, good...), "GATEHOUSE_SOCIAL_OKTA_ISSUER=\"http://idp.example.com\": want the issuer exactly"},
		{"an issuer by http in a private network", "OKTA", append([]string{"ISSUER=http://10.0.0.1"}, good...), "want the issuer exactly"},
		{"an issuer with a query", "OKTA", append([]string{"ISSUER=https://idp.example.com/?a=b"}, good...), "want the issuer exactly"},
		{"an issuer that is no URL", "OKTA", append([]string{"ISSUER=idp.example.com"}, good...), "want the issuer exactly"},
		{"an issuer with a user", "OKTA", append([]string{"ISSUER=https://u@idp.example.com"}, good...), "want the issuer exactly"},
		{"an endpoint of another scheme", "OKTA", append([]string{"AUTH_URL=javascript:alert(1)"}, generic...), "GATEHOUSE_SOCIAL_OKTA_AUTH_URL=\"javascript:alert(1)\": want a URL with https"},
		{"an endpoint with a fragment", "OKTA", append([]string{"TOKEN_URL=https://x.example/#a"}, generic...), "want a URL with https"},
		{"an endpoint by http", "GITHUB", append([]string{"USERINFO_URL=http://x.example/"}, good...), "want a URL with https"},
		{"scopes with quotes", "GITHUB", append([]string{`SCOPES=a"b`}, good...), "want scopes such as"},
		{"an issuer of what has none", "GITHUB", append([]string{"ISSUER=https://github.com"}, good...), "GATEHOUSE_SOCIAL_GITHUB_ISSUER=\"https://github.com\": want it unset"},
		{"apps of what makes no ID tokens", "DISCORD", append([]string{"MOBILE_CLIENT_IDS=a"}, good...), "want it unset: this provider makes no ID tokens"},
		{"access tokens that prove nothing", "OKTA", append([]string{"TOKEN_INFO_URL=https://x.example/"}, generic...), "want it unset: only"},
		{"a team of another", "GOOGLE", append([]string{"TEAM_ID=t"}, good...), "GATEHOUSE_SOCIAL_GOOGLE_TEAM_ID=\"t\": want it unset: it is for apple only"},
		{"a key without a team", "APPLE", append([]string{"TEAM_ID="}, apple[0], apple[2], apple[3]), "GATEHOUSE_SOCIAL_APPLE_TEAM_ID=\"\": want it set"},
		{"a key without an id", "APPLE", []string{apple[0], apple[1], apple[3]}, "GATEHOUSE_SOCIAL_APPLE_KEY_ID=\"\": want it set"},
		{"a key that is none", "APPLE", []string{apple[0], apple[1], apple[2], "CLIENT_SECRET=correct-horse"}, "GATEHOUSE_SOCIAL_APPLE_CLIENT_SECRET: want the private key"},
		{"a key of another curve", "APPLE", []string{apple[0], apple[1], apple[2], "CLIENT_SECRET=" + signingKey(t, elliptic.P384())}, "want the private key"},
		{"a name that a path has", "CALLBACK", generic[:1], "GATEHOUSE_SOCIAL_CALLBACK_ISSUER: want another name than callback, providers or accounts"},
		{"a name in small letters", "okta", generic[:1], "with a name of at most 24 capital letters"},
		{"a name that is too long", strings.Repeat("A", 25), generic[:1], "with a name of at most 24 capital letters"},
		{"no name", "", generic[:1], "with a name of at most 24 capital letters"},
		{"a misspelt part", "OKTA", append([]string{"MOBILE_CLIENT_ID=x"}, generic...), "GATEHOUSE_SOCIAL_OKTA_MOBILE_CLIENT_ID: there is no such setting; did you mean GATEHOUSE_SOCIAL_OKTA_MOBILE_CLIENT_IDS?"},
		{"a misspelt part without a value", "OKTA", append([]string{"SCOPE="}, generic...), "did you mean GATEHOUSE_SOCIAL_OKTA_SCOPES?"},
		{"a file of what is no secret", "OKTA", append([]string{"ISSUER_FILE=/x"}, generic...), "GATEHOUSE_SOCIAL_OKTA_ISSUER_FILE: there is no such setting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.FromEnv(social(c.provider, c.parts...))
			var all *config.Error
			if !errors.As(err, &all) || len(all.Problems) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if got := err.Error(); !strings.Contains(got, c.want) || strings.Contains(got, "correct-horse") || strings.Contains(got, "BEGIN PRIVATE") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	for name, parts := range map[string][]string{"OKTA": generic, "APPLE": apple, "FACEBOOK": good} {
		if _, err := config.FromEnv(social(name, parts...)); err != nil {
			t.Errorf("%s: what is good is refused: %v", name, err)
		}
	}
}

// FuzzProviders gives any variable of any provider. It must not fail hard, a provider that was
// taken has what it needs, and no secret is repeated.
func FuzzProviders(f *testing.F) {
	f.Add("OKTA", "ISSUER", "https://a.example")
	f.Add("GOOGLE", "CLIENT_SECRET", "x")
	f.Add("_", "CLIENT_ID", "\x00")
	f.Fuzz(func(t *testing.T, name, part, text string) {
		if part == "CLIENT_SECRET_FILE" {
			return // reads the file system
		}
		env := append(social(name, "CLIENT_ID=c", "CLIENT_SECRET=correct-horse"), "GATEHOUSE_SOCIAL_"+name+"_"+part+"="+text)
		c, err := config.FromEnv(env)
		if err != nil {
			if strings.Contains(err.Error(), "correct-horse") && !strings.Contains(name+part+text, "correct-horse") {
				t.Errorf("a secret is repeated: %v", err)
			}
			return
		}
		for _, s := range c.Social {
			if s.ClientID == "" || s.ClientSecret == "" || s.Name != strings.ToLower(name) || len(s.Name) > 24 {
				t.Errorf("%q was taken: %v", env, s)
			}
		}
	})
}
