package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

func TestOnlyKeysForSignaturesCount(t *testing.T) {
	i := newIssuer(t)
	body, _, err := keyset.JWKS(i.published)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) string {
		if !strings.Contains(string(body), old) {
			t.Fatalf("there is no %s in %s", old, body)
		}
		return strings.Replace(string(body), old, new, 1)
	}
	with := func(more string) string { return change(`{"keys":[`, `{"keys":[`+more+`,`) }
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	smallSet := `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"small-key","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString(small.N.Bytes()) + `"}]}`
	for name, tc := range map[string]struct {
		body string
		want error
	}{
		"the set as it is":                    {string(body), nil},
		"beside a key of another kind":        {with(`{"kty":"EC","crv":"P-256","kid":"e","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`), nil},
		"beside a secret":                     {with(`{"kty":"oct","kid":"o","k":"AAAA"}`), nil},
		"beside a key of an unknown kind":     {with(`{"kty":"NEW","kid":"n"}`), nil},
		"beside a broken key":                 {with(`{"kty":"RSA","kid":"b","n":"*","e":"AQAB"}`), nil},
		"without use and alg":                 {strings.NewReplacer(`"use":"sig"`, `"x":1`, `"alg":"RS256"`, `"y":1`).Replace(string(body)), nil},
		"the key is for encryption":           {change(`"use":"sig"`, `"use":"enc"`), verify.ErrUnavailable},
		"the key is for another algorithm":    {change(`"alg":"RS256"`, `"alg":"PS256"`), verify.ErrUnavailable},
		"the key has no id":                   {change(`"kid":`, `"kind":`), verify.ErrUnavailable},
		"the exponent is 1":                   {change(`"AQAB"`, `"AQ"`), verify.ErrUnavailable},
		"the key is too small":                {smallSet, verify.ErrUnavailable},
		"no key at all":                       {`{"keys":[]}`, verify.ErrUnavailable},
		"no set":                              {`{}`, verify.ErrUnavailable},
		"no JSON":                             {`<html>`, verify.ErrUnavailable},
		"more than a megabyte":                {string(body) + strings.Repeat(" ", 1<<20), verify.ErrUnavailable},
		"nothing":                             {``, verify.ErrUnavailable},
		"the key's id belongs to another key": {change(`"n":"`, `"n":"A`), verify.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			i.serve(says(http.StatusOK, tc.body))
			wants(t, i, i.verifier(t), tc.want)
		})
	}
}

func TestNobodyIsFollowedElsewhere(t *testing.T) {
	i := newIssuer(t)
	body, _, err := keyset.JWKS(i.published)
	if err != nil {
		t.Fatal(err)
	}
	var hits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = w.Write(body)
	}))
	defer elsewhere.Close()
	i.serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	for name, opts := range map[string][]verify.Option{
		"by its own client": nil,
		"by a given client": {verify.HTTPClient(&http.Client{})},
	} {
		wants(t, i, i.verifier(t, opts...), verify.ErrUnavailable)
		if hits.Load() != 0 {
			t.Errorf("%s: a redirect was followed", name)
		}
	}
}

func TestTheIssuerMayBeReachedElsewhere(t *testing.T) {
	i := newIssuer(t)
	inside := i.URL
	i.URL = "https://id.example.com" // what its tokens say
	wants(t, i, i.verifier(t, verify.At(inside)), nil)
}

func TestWrongSettingsAreRefused(t *testing.T) {
	const good = "https://id.example.com"
	none := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("nobody there") })
	for name, tc := range map[string]struct {
		issuer string
		opts   []verify.Option
		ok     bool
	}{
		"an issuer and an audience":           {good, []verify.Option{verify.Audience("a")}, true},
		"an issuer on this machine":           {"http://localhost:8080", []verify.Option{verify.Audience("a")}, true},
		"an issuer on this machine, IPv6":     {"http://[::1]:8080", []verify.Option{verify.Audience("a")}, true},
		"another address, plain":              {good, []verify.Option{verify.Audience("a"), verify.At("http://gatehouse:8080")}, true},
		"introspection at every request":      {good, []verify.Option{verify.Audience("a"), verify.WithIntrospection("sk", 0)}, true},
		"no audience":                         {good, nil, false},
		"an empty audience":                   {good, []verify.Option{verify.Audience("")}, false},
		"no issuer":                           {"", []verify.Option{verify.Audience("a")}, false},
		"an issuer that is only a host":       {"id.example.com", []verify.Option{verify.Audience("a")}, false},
		"an issuer with a slash at its end":   {good + "/", []verify.Option{verify.Audience("a")}, false},
		"an issuer with a query":              {good + "?a=b", []verify.Option{verify.Audience("a")}, false},
		"an issuer with a password":           {"https://a:b@id.example.com", []verify.Option{verify.Audience("a")}, false},
		"an issuer whose keys anybody alters": {"http://id.example.com", []verify.Option{verify.Audience("a")}, false},
		"another address that is none":        {good, []verify.Option{verify.Audience("a"), verify.At("gatehouse:8080")}, false},
		"introspection without a key":         {good, []verify.Option{verify.Audience("a"), verify.WithIntrospection("", time.Minute)}, false},
		"a negative age":                      {good, []verify.Option{verify.Audience("a"), verify.WithIntrospection("sk", -1)}, false},
	} {
		opts := append(tc.opts, verify.HTTPClient(&http.Client{Transport: none}), verify.Logger(slog.New(slog.DiscardHandler)))
		if _, err := verify.New(t.Context(), tc.issuer, opts...); (err == nil) != tc.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestClaimsAreWhatTheTokenSays(t *testing.T) {
	i := newIssuer(t)
	got, err := i.verifier(t).Verify(t.Context(), i.token(t))
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "u1" || got.SessionID != "s1" || got.UserType != "customer" || got.Issuer != i.URL || !got.ExpiresAt.Equal(i.Now().Add(time.Hour)) {
		t.Errorf("got %+v", got)
	}
	var custom struct {
		Plan  string `json:"plan"`
		Seats int    `json:"seats"`
	}
	if err := got.Decode(&custom); err != nil || custom.Plan != "pro" || custom.Seats != 3 {
		t.Errorf("got %+v (%v)", custom, err)
	}
	if err := (verify.Claims{}).Decode(&custom); err == nil {
		t.Error("claims of no token were decoded")
	}
	for name, tc := range map[string]struct {
		check verify.Check
		want  bool
	}{
		"one of the types":           {verify.RequireUserType("admin", "customer"), true},
		"none of the types":          {verify.RequireUserType("admin"), false},
		"no types":                   {verify.RequireUserType(), false},
		"a text":                     {verify.RequireClaim("plan", "pro"), true},
		"another text":               {verify.RequireClaim("plan", "free"), false},
		"the name in another case":   {verify.RequireClaim("pLan", "pro"), false},
		"a number":                   {verify.RequireClaim("seats", 3), true},
		"a number as text":           {verify.RequireClaim("seats", "3"), false},
		"a list":                     {verify.RequireClaim("amr", []string{"pwd"}), true},
		"a claim that is not there":  {verify.RequireClaim("x", "y"), false},
		"nil is not a missing claim": {verify.RequireClaim("x", nil), false},
		"a raw value":                {verify.RequireClaim("seats", json.RawMessage("3")), true},
	} {
		if got := tc.check(got); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
