package provider_test

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/outbound"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAProviderIsAskedWhoItIsOnce(t *testing.T) {
	p, there, at := start(t, "okta")
	if there.Hits() != 0 {
		t.Error("it was asked before anybody came")
	}
	there.Hold()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := p.AuthURL(t.Context(), authorization()); err != nil {
				t.Error(err)
			}
		})
	}
	for there.Hits(providertest.DiscoveryPath) == 0 { // the first has come: release all
	}
	there.Release()
	all.Wait()
	at.Advance(59 * time.Minute)
	_, _ = p.AuthURL(t.Context(), authorization())
	if n := there.Hits(providertest.DiscoveryPath); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	at.Advance(time.Minute)
	_, _ = p.AuthURL(t.Context(), authorization())
	if n := there.Hits(providertest.DiscoveryPath); n != 2 {
		t.Errorf("an hour later it has been asked %d times", n)
	}
}

func TestAFailureIsNotRememberedForLong(t *testing.T) {
	p, there, at := start(t, "okta")
	there.Down(true)
	for range 5 {
		_, err := p.AuthURL(t.Context(), authorization())
		wants(t, err, provider.ErrUnavailable)
	}
	if n := there.Hits(providertest.DiscoveryPath); n > 2 { // net/http tries a broken connection again
		t.Errorf("it was asked %d times within a moment", n)
	}
	there.Down(false)
	at.Advance(3 * time.Second)
	if _, err := p.AuthURL(t.Context(), authorization()); err != nil {
		t.Error(err)
	}
}

func TestAProviderThatIsDownIsRemembered(t *testing.T) {
	p, there, at := start(t, "okta")
	if _, err := p.AuthURL(t.Context(), authorization()); err != nil {
		t.Fatal(err)
	}
	there.Down(true)
	at.Advance(2 * time.Hour)
	before := there.Hits(providertest.DiscoveryPath)
	for range 5 {
		if _, err := p.AuthURL(t.Context(), authorization()); err != nil {
			t.Errorf("for two hours: %v", err)
		}
	}
	if n := there.Hits(providertest.DiscoveryPath) - before; n < 1 || n > 2 { // net/http tries a broken connection again
		t.Errorf("it was asked %d times within a moment", n)
	}
	at.Advance(23 * time.Hour)
	_, err := p.AuthURL(t.Context(), authorization())
	wants(t, err, provider.ErrUnavailable)
}

func TestASlowProviderKeepsNobody(t *testing.T) {
	for _, name := range []string{"okta", "github"} {
		p, there, _ := start(t, name)
		there.Hold()
		for what, call := range map[string]func() error{
			"Exchange":    func() error { _, err := p.Exchange(short(t), "x", authorization()); return err },
			"IDToken":     func() error { _, err := p.IDToken(short(t), "eyJhbGciOiJSUzI1NiJ9.e30.x", ""); return err },
			"AccessToken": func() error { _, err := p.AccessToken(short(t), "x"); return err },
		} {
			err := call()
			if errors.Is(err, provider.ErrAccessTokenUnsupported) || errors.Is(err, provider.ErrIDTokenUnsupported) {
				continue
			}
			if wants(t, err, provider.ErrUnavailable); t.Failed() {
				t.Fatalf("%s of %s", what, name)
			}
		}
		there.Release()
	}
}

func TestDocumentsThatAreNoUse(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"of another issuer":                 func(d map[string]any) { d["issuer"] = "https://evil.example.com" },
		"of no issuer":                      func(d map[string]any) { delete(d, "issuer") },
		"with a slash behind its issuer":    func(d map[string]any) { d["issuer"] = d["issuer"].(string) + "/" },
		"with a place for tenants":          func(d map[string]any) { d["issuer"] = strings.Replace(d["issuer"].(string), "/oidc", "/{tenantid}", 1) },
		"without an authorization endpoint": func(d map[string]any) { delete(d, "authorization_endpoint") },
		"with one that runs code":           func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"with one by http":                  func(d map[string]any) { d["authorization_endpoint"] = "http://idp.example.com/" },
		"without a token endpoint":          func(d map[string]any) { delete(d, "token_endpoint") },
		"with one for us inside":            func(d map[string]any) { d["token_endpoint"] = "http://127.0.0.1:1/" },
		"with one with a user":              func(d map[string]any) { d["token_endpoint"] = "https://u:p@idp.example.com/" },
		"with a userinfo endpoint inside":   func(d map[string]any) { d["userinfo_endpoint"] = "http://169.254.169.254/" },
		"without keys":                      func(d map[string]any) { delete(d, "jwks_uri") },
		"with keys inside":                  func(d map[string]any) { d["jwks_uri"] = "http://10.0.0.1/" },
		"with keys in a file":               func(d map[string]any) { d["jwks_uri"] = "file:///etc/passwd" },
		"with secrets for signatures":       func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256", "none"} },
		"that is no document":               func(d map[string]any) { d["issuer"] = 5 },
	} {
		t.Run(name, func(t *testing.T) {
			p, there, _ := start(t, "okta")
			there.ChangeDocument(change)
			at, err := p.AuthURL(t.Context(), authorization())
			if wants(t, err, provider.ErrUnavailable); at != "" {
				t.Errorf("a browser is sent to %s", at)
			}
		})
	}
	t.Run("secrets beside keys are no help", func(t *testing.T) {
		p, there, _ := start(t, "okta")
		there.ChangeDocument(func(d map[string]any) {
			d["id_token_signing_alg_values_supported"] = []string{"none", "HS256", "RS256"}
		})
		for _, m := range []providertest.Minted{{Alg: "none"}, {Alg: "HS256", HMACKey: []byte(providertest.ClientSecret)}} {
			_, err := p.IDToken(t.Context(), there.IDToken(t, m), "")
			wants(t, err, provider.ErrRejected)
		}
		if _, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), ""); err != nil {
			t.Error(err)
		}
	})
}

// TestNothingInsideIsReached points what a provider says at a listener beside it.
func TestNothingInsideIsReached(t *testing.T) {
	inside := providertest.Start(t, "okta", jane()) // it runs, and nobody has named it
	for name, change := range map[string]func(map[string]any){
		"token_endpoint":    func(d map[string]any) { d["token_endpoint"] = inside.URL + providertest.TokenPath },
		"userinfo_endpoint": func(d map[string]any) { d["userinfo_endpoint"] = inside.URL + providertest.UserinfoPath },
		"jwks_uri":          func(d map[string]any) { d["jwks_uri"] = inside.URL + providertest.KeysPath },
	} {
		p, there, _ := start(t, "okta")
		there.ChangeDocument(change)
		_, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), "")
		wants(t, err, provider.ErrUnavailable)
		_, err = p.Exchange(t.Context(), "x", authorization())
		if wants(t, err, provider.ErrUnavailable); t.Failed() {
			t.Fatal(name)
		}
	}
	p, there, _ := start(t, "okta")
	for _, path := range []string{providertest.DiscoveryPath, providertest.KeysPath} {
		there.Answer(path, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inside.URL+r.URL.Path, http.StatusFound)
		})
		_, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), "")
		wants(t, err, provider.ErrUnavailable)
		there.Answer(path, nil)
	}
	if inside.Hits() != 0 {
		t.Errorf("%d calls reached it", inside.Hits())
	}
}

func TestAFloodOfUnknownKeysIsOneFetch(t *testing.T) {
	p, there, at := start(t, "okta")
	good := there.IDToken(t, providertest.Minted{})
	if _, err := p.IDToken(t.Context(), good, ""); err != nil {
		t.Fatal(err)
	}
	forged := there.IDToken(t, providertest.Minted{Header: map[string]any{"kid": "unknown"}})
	for range 50 {
		_, err := p.IDToken(t.Context(), forged, "")
		wants(t, err, provider.ErrRejected)
	}
	if n := there.Hits(providertest.KeysPath); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	there.Rotate(t)
	at.Advance(10 * time.Second)
	fresh := there.IDToken(t, providertest.Minted{})
	soon(t, func() error { _, err := p.IDToken(t.Context(), fresh, ""); return err })
	if n := there.Hits(providertest.KeysPath); n != 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
	at.Advance(time.Hour) // with the document the old key goes, and what it has signed
	_, err := p.IDToken(t.Context(), good, "")
	wants(t, err, provider.ErrRejected)
}

func TestKeysThatCannotBeFetched(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"an error":           answer(500, "x"),
		"keys, and an error": answer(500, map[string]any{"keys": []any{map[string]any{"kty": "RSA"}}}),
		"a page":             func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no keys":            answer(200, map[string]any{"keys": []any{}}),
		"too many":           func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) },
		"no answer":          func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			p, there, at := start(t, "okta")
			there.Answer(providertest.KeysPath, h)
			good := there.IDToken(t, providertest.Minted{})
			for range 3 {
				_, err := p.IDToken(t.Context(), good, "")
				wants(t, err, provider.ErrUnavailable)
			}
			if n := there.Hits(providertest.KeysPath); n > 2 {
				t.Errorf("the keys were fetched %d times", n)
			}
			there.Answer(providertest.KeysPath, nil)
			at.Advance(3 * time.Second)
			soon(t, func() error { _, err := p.IDToken(t.Context(), good, ""); return err })
		})
	}
}

// soon tries until something works. The verifier gives the answer to one call to the next as well
// when that comes quickly enough.
func soon(t *testing.T, try func() error) {
	t.Helper()
	err := try()
	for range 10_000 {
		if err == nil {
			return
		}
		runtime.Gosched()
		err = try()
	}
	t.Errorf("it does not work: %v", err)
}

func TestTheIssuerOfAnAnswer(t *testing.T) {
	p, there, _ := start(t, "okta")
	ours := there.Config().Issuer
	for iss, want := range map[string]error{"": nil, ours: nil, ours + "/": provider.ErrRejected, "https://evil.example.com": provider.ErrRejected} {
		if err := p.CheckIssuer(t.Context(), iss); !errors.Is(err, want) {
			t.Errorf("%q: %v", iss, err)
		}
	}
	p, there, _ = start(t, "okta")
	there.ChangeDocument(func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true })
	if err := p.CheckIssuer(t.Context(), there.Config().Issuer); err != nil {
		t.Error(err)
	}
	wants(t, p.CheckIssuer(t.Context(), ""), provider.ErrRejected)
	p, there, _ = start(t, "microsoft")
	for iss, want := range map[string]error{
		there.URL + "/" + providertest.Tenant + "/v2.0": nil, there.URL + "/common/v2.0": provider.ErrRejected, there.URL + "/{tenantid}/v2.0": provider.ErrRejected,
		"https://evil.example.com/" + providertest.Tenant + "/v2.0": provider.ErrRejected,
	} {
		if err := p.CheckIssuer(t.Context(), iss); !errors.Is(err, want) {
			t.Errorf("%q: %v", iss, err)
		}
	}
	p, _, _ = start(t, "github")
	if err := p.CheckIssuer(t.Context(), "https://github.com/login/oauth"); err != nil {
		t.Error(err)
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	client, err := outbound.New()
	if err != nil {
		t.Fatal(err)
	}
	good := provider.Config{Name: "okta", ClientID: "c", ClientSecret: "s", Issuer: "https://idp.example.com"}
	if _, err := provider.New(good, client, time.Now); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*provider.Config){
		"no name": func(c *provider.Config) { c.Name = "" }, "a name with a colon": func(c *provider.Config) { c.Name = "a:b" },
		"no client": func(c *provider.Config) { c.ClientID = "" }, "no secret": func(c *provider.Config) { c.ClientSecret = "" },
		"no issuer": func(c *provider.Config) { c.Issuer = "" }, "http to nobody in particular": func(c *provider.Config) { c.TokenURL = "http://idp.example.com/t" },
		"apple without a team": func(c *provider.Config) { c.Name, c.KeyID = "apple", "k" },
		"apple without a key":  func(c *provider.Config) { c.Name, c.KeyID, c.TeamID = "apple", "k", "t" },
	} {
		c := good
		change(&c)
		if _, err := provider.New(c, client, time.Now); err == nil {
			t.Errorf("%s: is taken", name)
		}
	}
}

func TestSet(t *testing.T) {
	a, _, _ := start(t, "okta")
	b, _, _ := start(t, "github")
	s := provider.NewSet(a, b)
	if got, err := s.Get("okta"); got != a || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if names := s.Names(); len(names) != 2 || names[0] != "github" || names[1] != "okta" {
		t.Errorf("names are %v", names)
	}
	for _, none := range []*provider.Set{s, {}, nil} {
		if _, err := none.Get("google"); fault.From(err).Code != "social_provider_unknown" || fault.From(err).Kind != fault.NotFound {
			t.Errorf("got %v", err)
		}
	}
	if (*provider.Set)(nil).Names() != nil {
		t.Error("no set has names")
	}
}
