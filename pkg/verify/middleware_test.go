package verify_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// hello says whom the middleware let through.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	c, ok := verify.ClaimsFrom(r.Context())
	_, _ = fmt.Fprint(w, "hello ", c.Subject, ok)
})

const invalid = `Bearer realm="api", error="invalid_token"`

// serve answers a request with these Authorization headers.
func serve(h http.Handler, authorization ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Authorization"] = authorization
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheAnswerSaysWhatToDoAndNotWhy(t *testing.T) {
	idp := idptest.Start(t)
	v, err := verify.New(t.Context(), idp.URL, verify.Audience(idp.Audience))
	if err != nil {
		t.Fatal(err)
	}
	h := v.Middleware(hello, verify.RequireUserType("customer"))
	ada := idp.User(t, "ada@example.com")
	good := "Bearer " + ada.AccessToken
	for name, tc := range map[string]struct {
		authorization []string
		status        int
		challenge     string
	}{
		"a good token":                 {[]string{good}, 200, ""},
		"the scheme in another case":   {[]string{"bEARER " + ada.AccessToken}, 200, ""},
		"nothing":                      {nil, 401, `Bearer realm="api"`},
		"another scheme":               {[]string{"Basic YTpi"}, 401, `Bearer realm="api"`},
		"a scheme alone":               {[]string{"Bearer "}, 401, `Bearer realm="api"`},
		"two tokens":                   {[]string{good, good}, 401, invalid},
		"two tokens in one line":       {[]string{good + ", " + good}, 401, invalid},
		"two spaces":                   {[]string{"Bearer  " + ada.AccessToken}, 401, invalid},
		"a refresh token":              {[]string{"Bearer " + ada.RefreshToken}, 401, invalid},
		"an API key":                   {[]string{"Bearer " + idp.Secret}, 401, invalid},
		"an expired token":             {[]string{"Bearer " + idp.Token(t, idptest.Claims{IssuedAt: idp.Now().Add(-2 * time.Hour)})}, 401, invalid},
		"a token of tomorrow":          {[]string{"Bearer " + idp.Token(t, idptest.Claims{IssuedAt: idp.Now().Add(24 * time.Hour)})}, 401, invalid},
		"a token for another audience": {[]string{"Bearer " + idp.Token(t, idptest.Claims{Audience: "other"})}, 401, invalid},
		"a token of another issuer":    {[]string{"Bearer " + idp.Token(t, idptest.Claims{Issuer: "https://id.example.com"})}, 401, invalid},
		"a user of another type":       {[]string{"Bearer " + idp.Token(t, idptest.Claims{UserType: "admin"})}, 403, `Bearer realm="api", error="insufficient_scope"`},
	} {
		t.Run(name, func(t *testing.T) {
			resp := serve(h, tc.authorization...)
			if resp.Code != tc.status || resp.Header().Get("WWW-Authenticate") != tc.challenge {
				t.Errorf("got %d %q, want %d %q", resp.Code, resp.Header().Get("WWW-Authenticate"), tc.status, tc.challenge)
			}
			want := http.StatusText(tc.status) + "\n"
			if tc.status == http.StatusOK {
				want = "hello " + ada.LocalID + "true"
			}
			if resp.Body.String() != want {
				t.Errorf("the body is %q, want %q", resp.Body, want)
			}
		})
	}
}

func TestAnswerOfEachError(t *testing.T) {
	for name, tc := range map[string]struct {
		err        error
		status     int
		retryAfter string
	}{
		"signed out":      {verify.ErrSignedOut, 401, ""},
		"unavailable":     {fmt.Errorf("%w: %w", verify.ErrUnavailable, errors.New("10.0.0.1 refused")), 503, "10"},
		"something else":  {errors.New("secret"), 500, ""},
		"no error at all": {nil, 500, ""},
	} {
		w := httptest.NewRecorder()
		verify.Answer(w, tc.err)
		if w.Code != tc.status || w.Header().Get("Retry-After") != tc.retryAfter || w.Body.String() != http.StatusText(tc.status)+"\n" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %v %q", name, w.Code, w.Header(), w.Body)
		}
	}
}

func TestNobodyIsLetThroughWhileThereAreNoKeys(t *testing.T) {
	i := newIssuer(t)
	i.down()
	resp := serve(i.verifier(t).Middleware(hello), "Bearer "+i.token(t))
	if resp.Code != http.StatusServiceUnavailable || resp.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %v", resp.Code, resp.Header())
	}
}

func TestAKeyRotationRefusesNobody(t *testing.T) {
	idp := idptest.Start(t)
	v, err := verify.New(t.Context(), idp.URL, verify.Audience(idp.Audience), verify.Clock(idp.Now))
	if err != nil {
		t.Fatal(err)
	}
	h := v.Middleware(hello)
	ada := idp.User(t, "ada@example.com")
	for round := range 3 {
		before := ada
		idp.RotateKeys(t)
		ada = idp.Refresh(t, ada)
		for _, token := range []string{before.AccessToken, ada.AccessToken} {
			if resp := serve(h, "Bearer "+token); resp.Code != http.StatusOK {
				t.Errorf("rotation %d: got %d", round, resp.Code)
			}
		}
		if head(before.AccessToken) == head(ada.AccessToken) {
			t.Fatal("the key has not changed")
		}
		idp.Advance(11 * time.Second)
	}
}

// Attacks of the threat table, through the middleware and against a real service.
func TestForgedTokens(t *testing.T) {
	var hits atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer thief.Close()
	idp := idptest.Start(t)
	v, err := verify.New(t.Context(), idp.URL, verify.Audience(idp.Audience))
	if err != nil {
		t.Fatal(err)
	}
	h := v.Middleware(hello)
	f := newForger(t, idp)
	for name, token := range map[string]string{
		"none, without a signature":        f.token(`"alg":"none"`, nil),
		"nOnE, with the real signature":    f.token(`"alg":"nOnE"`, func(string) string { return f.signature }),
		"none, in two parts":               strings.TrimSuffix(f.token(`"alg":"none"`, nil), "."),
		"HS256 with the key as PEM":        f.token(`"alg":"HS256"`, f.mac(f.pem)),
		"HS256 with the key as DER":        f.token(`"alg":"HS256"`, f.mac(f.der)),
		"HS256 with the modulus":           f.token(`"alg":"HS256"`, f.mac(f.published.N.Bytes())),
		"HS256 with the key set":           f.token(`"alg":"HS256"`, f.mac(f.jwks)),
		"RS512 with the real signature":    f.token(`"alg":"RS512"`, func(string) string { return f.signature }),
		"PS256 by another key":             f.token(`"alg":"PS256"`, f.sign(jwt.SigningMethodPS256)),
		"RS256 by another key":             f.token(`"alg":"RS256"`, f.sign(jwt.SigningMethodRS256)),
		"RS256 by a key in the header":     f.token(`"alg":"RS256","jwk":`+f.ownJWK, f.sign(jwt.SigningMethodRS256)),
		"RS256 by a key set elsewhere":     f.token(`"alg":"RS256","jku":"`+thief.URL+`"`, f.sign(jwt.SigningMethodRS256)),
		"RS256 by a certificate elsewhere": f.token(`"alg":"RS256","x5u":"`+thief.URL+`"`, f.sign(jwt.SigningMethodRS256)),
		"a kid that is a path":             f.with(`{"alg":"RS256","kid":"../../../../dev/null","typ":"at+jwt"}`, f.mac(nil)),
		"a kid that is a query":            f.with(`{"alg":"RS256","kid":"' OR '1'='1","typ":"at+jwt"}`, f.mac(nil)),
		"a kid that is an object":          f.with(`{"alg":"RS256","kid":{"$ne":null},"typ":"at+jwt"}`, f.mac(nil)),
		"no kid":                           f.with(`{"alg":"RS256","typ":"at+jwt"}`, f.sign(jwt.SigningMethodRS256)),
		"a kid of a megabyte":              f.with(`{"alg":"RS256","kid":"`+strings.Repeat("k", 1<<20)+`","typ":"at+jwt"}`, f.mac(nil)),
		"the typ of an ID token":           f.with(`{"alg":"RS256","kid":"`+f.kid+`","typ":"JWT"}`, func(string) string { return f.signature }),
		"another payload":                  f.head + "." + b64([]byte(`{"sub":"admin"}`)) + "." + f.signature,
		"another spelling":                 f.head + "." + f.payload + "." + f.signature + "=",
		"dots":                             strings.Repeat(".", 1<<20),
	} {
		resp := serve(h, "Bearer "+token)
		if resp.Code != http.StatusUnauthorized || resp.Header().Get("WWW-Authenticate") != invalid {
			t.Errorf("%s: got %d %q", name, resp.Code, resp.Header().Get("WWW-Authenticate"))
		}
	}
	if hits.Load() != 0 {
		t.Error("the thief was asked for a key")
	}
	if resp := serve(h, "Bearer "+f.head+"."+f.payload+"."+f.signature); resp.Code != http.StatusOK {
		t.Errorf("the honest token: %d", resp.Code)
	}
}

// forger has a good token, what is published, and a key of its own.
type forger struct {
	head, payload, signature, kid, ownJWK string
	jwks, pem, der                        []byte
	published                             *rsa.PublicKey
	own                                   *rsa.PrivateKey
	t                                     *testing.T
}

func newForger(t *testing.T, idp *idptest.Server) *forger {
	t.Helper()
	f := &forger{t: t}
	parts := strings.Split(idp.Token(t, idptest.Claims{}), ".")
	f.head, f.payload, f.signature = parts[0], parts[1], parts[2]
	resp, err := http.Get(idp.URL + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if f.jwks, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid, N string } }
	if err := json.Unmarshal(f.jwks, &set); err != nil {
		t.Fatal(err)
	}
	n, err := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	if err != nil {
		t.Fatal(err)
	}
	f.kid, f.published = set.Keys[0].Kid, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if f.der, err = x509.MarshalPKIXPublicKey(f.published); err != nil {
		t.Fatal(err)
	}
	f.pem = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: f.der})
	if f.own, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	f.ownJWK = `{"kty":"RSA","e":"AQAB","n":"` + b64(f.own.N.Bytes()) + `"}`
	return f
}

// token has these members in a header that is good but for them.
func (f *forger) token(members string, sign func(string) string) string {
	return f.with(`{`+members+`,"kid":"`+f.kid+`","typ":"at+jwt"}`, sign)
}

func (f *forger) with(header string, sign func(string) string) string {
	input := b64([]byte(header)) + "." + f.payload
	if sign == nil {
		return input + "."
	}
	return input + "." + sign(input)
}

func (f *forger) mac(key []byte) func(string) string {
	return func(input string) string {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(input))
		return b64(m.Sum(nil))
	}
}

func (f *forger) sign(by jwt.SigningMethod) func(string) string {
	return func(input string) string {
		sig, err := by.Sign(input, f.own)
		if err != nil {
			f.t.Fatal(err)
		}
		return b64(sig)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func head(token string) string {
	first, _, _ := strings.Cut(token, ".")
	return first
}
