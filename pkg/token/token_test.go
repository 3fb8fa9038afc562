package token_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/token"
)

const (
	issuer   = "https://id.example.com"
	audience = "https://api.example.com"
	kid      = "test-key-1"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type bench struct {
	key      *rsa.PrivateKey
	verifier *token.Verifier
	at       time.Time
	gone     bool // the key is no longer published
}

func newBench(t testing.TB) *bench {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{key: key, at: now}
	find := func(id string) (*rsa.PublicKey, bool) { return &key.PublicKey, id == kid && !b.gone }
	b.verifier = token.NewVerifier(issuer, audience, find, func() time.Time { return b.at })
	return b
}

func claims() token.Claims {
	return token.Claims{
		Issuer: issuer, Subject: "u1", Audience: []string{audience}, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
		ID: "j1", SessionID: "s1", AuthTime: now, AMR: []string{"pwd"}, Email: "ada@example.com",
		EmailVerified: true, Name: "Ada", UserType: "customer",
	}
}

func (b *bench) mint(t testing.TB, c token.Claims) string {
	t.Helper()
	raw, err := token.NewMinter().Mint(t.Context(), kid, b.key, c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// forge signs any header and any claims with the real key: what an attacker cannot do, so
// that every check behind the signature is reached.
func (b *bench) forge(t testing.TB, header string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return b.sign(t, b64([]byte(header))+"."+b64(payload))
}

func (b *bench) sign(t testing.TB, input string) string {
	t.Helper()
	sig, err := jwt.SigningMethodRS256.Sign(input, b.key)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(sig)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

const goodHeader = `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt"}`

func goodMap() map[string]any {
	return map[string]any{
		"iss": issuer, "aud": audience, "sub": "u1", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"jti": "j1", "sid": "s1", "auth_time": now.Unix(), "amr": []string{"pwd"}, "email": "a@b.cd",
	}
}

func TestAMintedTokenVerifiesAndSaysWhatWasPutIn(t *testing.T) {
	b := newBench(t)
	want := claims()
	got, err := b.verifier.Verify(b.mint(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheHeaderIsExactlyAlgKidTyp(t *testing.T) {
	b := newBench(t)
	first, _, _ := strings.Cut(b.mint(t, claims()), ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || string(raw) != goodHeader {
		t.Errorf("header is %s (%v)", raw, err)
	}
}

func TestCustomClaimsStandBesideOurs(t *testing.T) {
	b := newBench(t)
	c := claims()
	c.Custom = json.RawMessage(` { "plan" : "pro", "n": 1 } `)
	parts := strings.Split(b.mint(t, c), ".")
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got["plan"] != "pro" || got["n"] != float64(1) || got["sub"] != "u1" {
		t.Errorf("claims are %s", raw)
	}
}

func TestCustomClaimsAreRefused(t *testing.T) {
	for name, raw := range map[string]string{
		"a reserved name":        `{"sub":"someone else"}`,
		"an empty name":          `{"":1}`,
		"an array":               `[1]`,
		"null":                   `null`,
		"two values":             `{} {}`,
		"more than 1000 bytes":   `{"a":"` + strings.Repeat("x", 1000) + `"}`,
		"a reserved name, twice": `{"a":1,"exp":9999999999,"exp":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			if token.CheckCustom(json.RawMessage(raw)) == nil {
				t.Error("accepted")
			}
			c := claims()
			c.Custom = json.RawMessage(raw)
			if _, err := token.NewMinter().Mint(t.Context(), kid, newBench(t).key, c); err == nil {
				t.Error("minted")
			}
		})
	}
}

func TestVerifyRefusesAForgedHeader(t *testing.T) {
	b := newBench(t)
	if _, err := b.verifier.Verify(b.forge(t, goodHeader, goodMap())); err != nil {
		t.Fatalf("the control must pass: %v", err)
	}
	for name, header := range map[string]string{
		"alg none":                 `{"alg":"none","kid":"test-key-1","typ":"at+jwt"}`,
		"alg in another case":      `{"alg":"rs256","kid":"test-key-1","typ":"at+jwt"}`,
		"alg HS256":                `{"alg":"HS256","kid":"test-key-1","typ":"at+jwt"}`,
		"alg RS512":                `{"alg":"RS512","kid":"test-key-1","typ":"at+jwt"}`,
		"alg PS256":                `{"alg":"PS256","kid":"test-key-1","typ":"at+jwt"}`,
		"alg missing":              `{"kid":"test-key-1","typ":"at+jwt"}`,
		"alg twice":                `{"alg":"none","alg":"RS256","kid":"test-key-1","typ":"at+jwt"}`,
		"typ missing":              `{"alg":"RS256","kid":"test-key-1"}`,
		"typ JWT":                  `{"alg":"RS256","kid":"test-key-1","typ":"JWT"}`,
		"typ of a refresh token":   `{"alg":"RS256","kid":"test-key-1","typ":"rt+jwt"}`,
		"an unknown crit":          `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","crit":["x"],"x":1}`,
		"an embedded key":          `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","jwk":{}}`,
		"a key address":            `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","jku":"http://127.0.0.1/"}`,
		"a certificate":            `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","x5c":[""]}`,
		"a certificate address":    `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","x5u":"file:///"}`,
		"an unencoded payload":     `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","b64":false}`,
		"compression":              `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","zip":"DEF"}`,
		"a content type":           `{"alg":"RS256","kid":"test-key-1","typ":"at+jwt","cty":"JWT"}`,
		"kid missing":              `{"alg":"RS256","typ":"at+jwt"}`,
		"kid empty":                `{"alg":"RS256","kid":"","typ":"at+jwt"}`,
		"kid unknown":              `{"alg":"RS256","kid":"test-key-2","typ":"at+jwt"}`,
		"kid a path":               `{"alg":"RS256","kid":"../../../dev/null","typ":"at+jwt"}`,
		"kid a query":              `{"alg":"RS256","kid":"' OR '1'='1","typ":"at+jwt"}`,
		"kid an object":            `{"alg":"RS256","kid":{"$ne":null},"typ":"at+jwt"}`,
		"kid an array":             `{"alg":"RS256","kid":["test-key-1"],"typ":"at+jwt"}`,
		"kid with NUL":             `{"alg":"RS256","kid":"test-key-1\u0000","typ":"at+jwt"}`,
		"names in another case":    `{"ALG":"RS256","kid":"test-key-1","typ":"at+jwt"}`,
		"something after the JSON": goodHeader + `{}`,
		"not JSON":                 `alg`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := b.verifier.Verify(b.forge(t, header, goodMap())); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

func TestKeysAreLookedForOnlyIfNothingElseIsWrong(t *testing.T) {
	b := newBench(t)
	asked := ""
	find := func(id string) (*rsa.PublicKey, bool) {
		asked += id
		return &b.key.PublicKey, true
	}
	for _, raw := range []string{"", "a.b.c", b.forge(t, `{"alg":"none","kid":"test-key-1","typ":"at+jwt"}`, goodMap())} {
		if _, err := b.verifier.VerifyWith(raw, find); !errors.Is(err, token.ErrInvalid) || asked != "" {
			t.Errorf("got %v after asking for %q", err, asked)
		}
	}
	for range 2 { // known or not
		asked = ""
		if _, err := b.verifier.VerifyWith(b.mint(t, claims()), find); err != nil || asked != kid {
			t.Errorf("got %v after asking for %q", err, asked)
		}
	}
}

func TestVerifyChecksEveryClaim(t *testing.T) {
	b := newBench(t)
	set := func(name string, value any) func(map[string]any) {
		return func(m map[string]any) { m[name] = value }
	}
	drop := func(name string) func(map[string]any) { return func(m map[string]any) { delete(m, name) } }
	for name, tc := range map[string]struct {
		change func(map[string]any)
		want   error
	}{
		"nothing is changed":                {func(map[string]any) {}, nil},
		"expired 29 seconds ago":            {set("exp", now.Unix()-29), token.ErrInvalid}, // exp before iat
		"expired long ago":                  {func(m map[string]any) { m["iat"], m["nbf"], m["exp"] = 1, 1, 2 }, token.ErrExpired},
		"expired and of another issuer":     {func(m map[string]any) { m["iat"], m["nbf"], m["exp"], m["iss"] = 1, 1, 2, "x" }, token.ErrInvalid},
		"expired and of another audience":   {func(m map[string]any) { m["iat"], m["nbf"], m["exp"], m["aud"] = 1, 1, 2, "x" }, token.ErrInvalid},
		"exp is missing":                    {drop("exp"), token.ErrInvalid},
		"exp is zero":                       {set("exp", 0), token.ErrInvalid},
		"exp is a string":                   {set("exp", "9999999999"), token.ErrInvalid},
		"exp is null":                       {set("exp", nil), token.ErrInvalid},
		"exp is before iat":                 {set("exp", now.Unix()-1), token.ErrInvalid},
		"nbf is in the future":              {set("nbf", now.Add(time.Minute).Unix()), token.ErrInvalid},
		"nbf is missing":                    {drop("nbf"), token.ErrInvalid},
		"iat is in the future":              {set("iat", now.Add(time.Minute).Unix()), token.ErrInvalid},
		"iat is missing":                    {drop("iat"), token.ErrInvalid},
		"iss is another":                    {set("iss", "https://staging.example.com"), token.ErrInvalid},
		"iss has a slash more":              {set("iss", issuer+"/"), token.ErrInvalid},
		"iss is missing":                    {drop("iss"), token.ErrInvalid},
		"aud is another":                    {set("aud", "https://other.example.com"), token.ErrInvalid},
		"aud is empty":                      {set("aud", []string{}), token.ErrInvalid},
		"aud is missing":                    {drop("aud"), token.ErrInvalid},
		"aud holds ours among others":       {set("aud", []string{"x", audience}), nil},
		"sub is missing":                    {drop("sub"), token.ErrInvalid},
		"sid is missing":                    {drop("sid"), token.ErrInvalid},
		"jti is missing":                    {drop("jti"), token.ErrInvalid},
		"auth_time is missing":              {drop("auth_time"), token.ErrInvalid},
		"iat is 25 seconds in the future":   {set("iat", now.Unix()+25), nil},
		"nbf is 25 seconds in the future":   {set("nbf", now.Unix()+25), nil},
		"sub is a number":                   {set("sub", 1), token.ErrInvalid},
		"exp is further than numbers reach": {set("exp", json.RawMessage("1e400")), token.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			m := goodMap()
			tc.change(m)
			if _, err := b.verifier.Verify(b.forge(t, goodHeader, m)); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAnExpiredTokenPassesForTheLeewayOnly(t *testing.T) {
	b := newBench(t)
	raw := b.mint(t, claims())
	for after, want := range map[time.Duration]error{
		29 * time.Second: nil,
		31 * time.Second: token.ErrExpired,
	} {
		b.at = now.Add(time.Hour + after)
		if _, err := b.verifier.Verify(raw); !errors.Is(err, want) {
			t.Errorf("%v after its end: got %v, want %v", after, err, want)
		}
	}
}

func TestATokenThatWasGoodIsCheckedAgain(t *testing.T) {
	b := newBench(t)
	raw := b.mint(t, claims())
	for _, tc := range []struct {
		name string
		at   time.Time
		gone bool
		want error
	}{
		{"it is good", now, false, nil},
		{"it is still good", now.Add(time.Minute), false, nil},
		{"its key is gone", now.Add(time.Minute), true, token.ErrInvalid},
		{"its key is back", now.Add(time.Minute), false, nil},
		{"the clock stands before its time", now.Add(-time.Hour), false, token.ErrInvalid},
		{"it has expired", now.Add(2 * time.Hour), false, token.ErrExpired},
	} {
		b.at, b.gone = tc.at, tc.gone
		if _, err := b.verifier.Verify(raw); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestManyTokensAreVerifiedWhileFewAreRemembered(t *testing.T) {
	b := newBench(t)
	first := b.mint(t, claims())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 20 {
				c := claims()
				c.ID = fmt.Sprint(i, j)
				raw := b.mint(t, c)
				for range 3 {
					if got, err := b.verifier.Verify(raw); err != nil || got.ID != c.ID {
						t.Errorf("got %q (%v), want %q", got.ID, err, c.ID)
					}
				}
			}
		})
	}
	wg.Wait()
	if _, err := b.verifier.Verify(first); err != nil {
		t.Error(err)
	}
}

func TestOneTokenHasOneSpelling(t *testing.T) {
	b := newBench(t)
	raw := b.mint(t, claims())
	var spellings []string
	for i := range len("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		c := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[i]
		if other := raw[:len(raw)-1] + string(c); other != raw {
			spellings = append(spellings, other)
		}
	}
	cut := strings.LastIndexByte(raw, '.')
	spellings = append(spellings, raw+"=", raw+"\n", raw+"\r\n", " "+raw, raw+" ", raw+".", "."+raw,
		raw[:cut+20]+"\r\n"+raw[cut+20:], raw[:cut], raw[:cut+1], raw[:len(raw)-1], raw+"A",
		strings.ReplaceAll(raw, "_", "/"), strings.Repeat(".", 1<<20), strings.Repeat("A", 5000), "", "..", "a.b.c")
	for _, s := range spellings {
		if s == raw {
			continue // nothing to replace in this token
		}
		if _, err := b.verifier.Verify(s); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("accepted another spelling of the token (%v)", err)
		}
	}
}

func TestThePublicKeyIsNoSecret(t *testing.T) {
	b := newBench(t)
	input := b64([]byte(`{"alg":"HS256","kid":"test-key-1","typ":"at+jwt"}`)) + "." + strings.Split(b.mint(t, claims()), ".")[1]
	mac := hmac.New(sha256.New, b.key.N.Bytes())
	mac.Write([]byte(input))
	if _, err := b.verifier.Verify(input + "." + b64(mac.Sum(nil))); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	b := newBench(f)
	real := b.mint(f, claims())
	f.Add(real)
	f.Add(real[:len(real)-1])
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := b.verifier.Verify(raw); err == nil && raw != real {
			t.Errorf("accepted %q", raw)
		}
	})
}

func BenchmarkMint(b *testing.B) {
	k := newBench(b)
	m := token.NewMinter()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := m.Mint(b.Context(), kid, k.key, claims()); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	k := newBench(b)
	raw := k.mint(b, claims())
	for b.Loop() {
		if _, err := k.verifier.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}
