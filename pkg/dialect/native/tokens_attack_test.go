package native_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

func TestAnAttackerCannotForgeAnAccessToken(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	w, real, owner, other := newWall(t, s), split(t, a.AccessToken), insider(s), stranger(t, s)

	w.admits(t, "the token itself", a.AccessToken)
	w.admits(t, "the same claims, signed once more by the service", owner.rs256(t, owner.header(""), real.payload))

	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		input := b64([]byte(`{"alg":"`+alg+`","kid":"`+owner.kid+`","typ":"at+jwt"}`)) + "." + real.payload
		w.refuses(t, "alg "+alg+" without a signature", input+".")
		w.refuses(t, "alg "+alg+" with the original signature", input+"."+real.signature)
		w.refuses(t, "alg "+alg+" without a third part", input)
	}
	w.refuses(t, "no signature", real.header+"."+real.payload+".")
	w.refuses(t, "no third part", real.header+"."+real.payload)
	w.refuses(t, "another payload under the signature", real.header+"."+b64([]byte(`{"sub":"`+a.LocalID+`"}`))+"."+real.signature)

	for _, alg := range []string{"RS384", "RS512", "PS256", "ES256", "rs256", "RS256 "} {
		h := b64([]byte(`{"alg":"` + alg + `","kid":"` + owner.kid + `","typ":"at+jwt"}`))
		w.refuses(t, "alg "+alg+" with the original signature", h+"."+real.payload+"."+real.signature)
		w.refuses(t, "alg "+alg+" over a signature of the service that is RS256", owner.rs256(t, `{"alg":"`+alg+`","kid":"`+owner.kid+`","typ":"at+jwt"}`, real.payload))
	}
	for alg, sign := range otherAlgorithms(owner.key) {
		input := b64([]byte(`{"alg":"`+alg+`","kid":"`+owner.kid+`","typ":"at+jwt"}`)) + "." + real.payload
		w.refuses(t, "a signature of the service that is truly "+alg, input+"."+b64(sign(t, []byte(input))))
	}
	w.refuses(t, "another key under the name of the service's", other.rs256(t, other.header(""), real.payload))
}

// otherAlgorithms are algorithms that the same RSA key could sign by.
func otherAlgorithms(key *rsa.PrivateKey) map[string]func(testing.TB, []byte) []byte {
	must := func(t testing.TB, sig []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	return map[string]func(testing.TB, []byte) []byte{
		"PS256": func(t testing.TB, input []byte) []byte {
			sum := sha256.Sum256(input)
			sig, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
			return must(t, sig, err)
		},
		"RS512": func(t testing.TB, input []byte) []byte {
			sum := sha512.Sum512(input)
			sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, sum[:])
			return must(t, sig, err)
		},
	}
}

func TestThePublishedKeyIsNoSharedSecret(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	w, real := newWall(t, s), split(t, a.AccessToken)
	w.admits(t, "the token itself", a.AccessToken)

	var set struct{ Keys []json.RawMessage }
	s.Do(t, request{Path: "/.well-known/jwks.json"}).JSON(t, &set)
	var jwk struct{ Kid, N, E string }
	if err := json.Unmarshal(set.Keys[0], &jwk); err != nil {
		t.Fatal(err)
	}
	n, err := base64.RawURLEncoding.DecodeString(jwk.N)
	if err != nil {
		t.Fatal(err)
	}
	pub := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	armoured := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})
	secrets := map[string][]byte{
		"the PEM":                     armoured,
		"the PEM without its newline": armoured[:len(armoured)-1],
		"the PKCS #1 PEM":             pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(pub)}),
		"the DER":                     spki,
		"the bytes of n":              n,
		"the text of n":               []byte(jwk.N),
		"the JWK":                     set.Keys[0],
		"nothing":                     {},
	}
	for alg, h := range map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New} {
		for name, secret := range secrets {
			input := b64([]byte(`{"alg":"`+alg+`","kid":"`+jwk.Kid+`","typ":"at+jwt"}`)) + "." + real.payload
			mac := hmac.New(h, secret)
			mac.Write([]byte(input))
			w.refuses(t, alg+" with "+name, input+"."+b64(mac.Sum(nil)))
		}
	}
}

// TestATokenCannotBringItsOwnKey also watches an address that the tokens name: nobody may
// call there, whatever a token says.
func TestATokenCannotBringItsOwnKey(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	w, payload, owner, other := newWall(t, s), split(t, a.AccessToken).payload, insider(s), stranger(t, s)
	bait := newBait(t)
	own := dialecttest.JSON(map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": other.kid, "n": b64(other.key.N.Bytes()), "e": "AQAB"})
	der, err := x509.MarshalPKIXPublicKey(&other.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	more := map[string]string{
		"jwk": `,"jwk":` + own,
		"x5c": `,"x5c":["` + base64.StdEncoding.EncodeToString(der) + `"]`,
		"x5t": `,"x5t":"` + b64(der[:20]) + `"`,
	}
	for _, scheme := range []string{"http", "https", "gopher", "file"} {
		for _, member := range []string{"jku", "x5u"} {
			more[member+" by "+scheme] = `,"` + member + `":"` + scheme + `://` + bait.address + `/keys.json"`
		}
	}
	w.admits(t, "the service's key without any of it", owner.rs256(t, owner.header(""), payload))
	for name, members := range more {
		w.refuses(t, name+" and the other key", other.rs256(t, other.header(members), payload))
		w.refuses(t, name+" and no kid", other.rs256(t, `{"alg":"RS256","typ":"at+jwt"`+members+`}`, payload))
		w.refuses(t, name+" and the service's key", owner.rs256(t, owner.header(members), payload))
	}
	bait.untouched(t)
}

// bait is a listener that nobody should ever call.
type bait struct {
	address string
	calls   atomic.Int64
	done    chan struct{}
}

func newBait(t testing.TB) *bait {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bait{address: l.Addr().String(), done: make(chan struct{})}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.calls.Add(1)
			raw := make([]byte, 4)
			n, _ := c.Read(raw)
			_ = c.Close()
			if string(raw[:n]) == "last" {
				close(b.done)
			}
		}
	}()
	return b
}

// untouched calls itself: whoever called earlier has been counted when that call is seen.
func (b *bait) untouched(t testing.TB) {
	t.Helper()
	c, err := net.Dial("tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.done:
	case <-time.After(2 * time.Minute):
		t.Fatal("the listener does not listen")
	}
	if got := b.calls.Load() - 1; got != 0 {
		t.Errorf("somebody called the listener %d times", got)
	}
}

func TestAKeyNameIsNeverAQuery(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	w, payload, owner := newWall(t, s), split(t, a.AccessToken).payload, insider(s)
	sign := func(kid string) string {
		return owner.rs256(t, `{"alg":"RS256","kid":`+kid+`,"typ":"at+jwt"}`, payload)
	}
	w.admits(t, "the service's own", sign(`"`+owner.kid+`"`))
	w.refuses(t, "missing", owner.rs256(t, `{"alg":"RS256","typ":"at+jwt"}`, payload))
	for name, kid := range map[string]string{
		"empty":              `""`,
		"null":               `null`,
		"a number":           `1`,
		"an object":          `{"$ne":null}`,
		"an array of it":     `["` + owner.kid + `"]`,
		"a path":             `"../../../../dev/null"`,
		"another path":       `"/proc/self/environ"`,
		"SQL":                `"' OR '1'='1"`,
		"a NUL behind it":    `"` + owner.kid + `\u0000"`,
		"a space behind it":  `"` + owner.kid + ` "`,
		"in other case":      `"` + strings.ToLower(owner.kid) + `"`,
		"only its beginning": `"` + owner.kid[:20] + `"`,
		"unknown":            `"` + b64(make([]byte, 32)) + `"`,
		"3000 characters":    `"` + strings.Repeat("k", 2000) + `"`,
	} {
		w.refuses(t, name, sign(kid))
	}
}
