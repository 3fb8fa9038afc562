package flowless_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestOnlyScriptsOfAllowedOriginsMayCall is about browsers: official clients ask them to send
// cookies along, and get no answer unless it allows that.
func TestOnlyScriptsOfAllowedOriginsMayCall(t *testing.T) {
	const app = "https://app.example.com"
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{
		"GATEHOUSE_CORS_ORIGINS=" + app, "GATEHOUSE_FLOWLESS=/flowless," + dialecttest.FlowlessHost,
	}})
	dialecttest.QuickPasswords(s)
	ada := s.FlowlessRegister(t, "ada@example.com", "engines weave numbers")
	for _, c := range []struct {
		name, origin string
		with         dialecttest.Request
		allowed      string // Access-Control-Allow-Origin
		cookies      string // Access-Control-Allow-Credentials
	}{
		{"an allowed origin", app, dialecttest.Request{Path: "/flowless/auth/me", ID: ada.ID}, app, "true"},
		{"at a host of its own", app, dialecttest.Request{Path: "/auth/me", ID: ada.ID, Host: dialecttest.FlowlessHost}, app, "true"},
		{"a preflight", app, dialecttest.Request{Method: http.MethodOptions, Path: "/flowless/auth/login", Header: map[string]string{"Access-Control-Request-Method": "POST"}}, app, "true"},
		{"another dialect, where no cookie counts", app, dialecttest.Request{Path: "/auth/me"}, app, ""},
		{"a page of ours", app, dialecttest.Request{Path: "/account/sign-in"}, app, ""},
		{"what only looks like the dialect", app, dialecttest.Request{Path: "/flowlessly/auth/me"}, app, ""},
		{"another scheme", "http://app.example.com", dialecttest.Request{Path: "/flowless/auth/me"}, "", ""},
		{"another port", app + ":444", dialecttest.Request{Path: "/flowless/auth/me"}, "", ""},
		{"an origin that begins alike", app + ".evil.example", dialecttest.Request{Path: "/flowless/auth/me"}, "", ""},
		{"another that ends alike", "https://evilapp.example.com", dialecttest.Request{Path: "/flowless/auth/me"}, "", ""},
		{"no origin at all", "null", dialecttest.Request{Path: "/flowless/auth/me"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.with.Header == nil {
				c.with.Header = map[string]string{}
			}
			c.with.Header["Origin"] = c.origin
			r := s.Do(t, c.with)
			if got := r.Header.Get("Access-Control-Allow-Origin"); got != c.allowed {
				t.Errorf("allowed is %q, want %q", got, c.allowed)
			}
			if got := r.Header.Get("Access-Control-Allow-Credentials"); got != c.cookies {
				t.Errorf("credentials are %q, want %q", got, c.cookies)
			}
			if got := r.Header.Get("Vary"); got != "Origin" {
				t.Errorf("Vary is %q", got)
			}
		})
	}
}
