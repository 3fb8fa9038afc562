package main_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// issuer is the public URL of every site.
const issuer = "http://localhost:8080"

// keySet is what another service knows of us: it verifies access tokens with it, by the
// standard library alone.
type keySet struct {
	body string
	etag string
	keys map[string]*rsa.PublicKey
}

func (n *node) keySet(t testing.TB) keySet {
	t.Helper()
	r := n.Do(t, request{Path: "/.well-known/jwks.json"})
	var doc struct {
		Keys []struct{ Kid, N, E string }
	}
	if r.JSON(t, &doc); r.Status != 200 || len(doc.Keys) == 0 {
		t.Fatalf("the key set: %d %s", r.Status, r.Body)
	}
	set := keySet{body: r.Body, etag: r.Header.Get("Etag"), keys: map[string]*rsa.PublicKey{}}
	number := func(s string) *big.Int {
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(raw)
	}
	for _, k := range doc.Keys {
		set.keys[k.Kid] = &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
	}
	return set
}

func (k keySet) kids() []string {
	var out []string
	for kid := range k.keys {
		out = append(out, kid)
	}
	slices.Sort(out)
	return out
}

// claims are those parts of an access token that the tests look at.
type claims struct {
	Iss, Sub, Sid, Email string
	Exp                  int64
	kid                  string
}

// verify returns the claims of a token that another service would accept.
func (k keySet) verify(token string) (claims, error) {
	c, signed, signature, err := parse(token)
	switch {
	case err != nil:
		return c, err
	case k.keys[c.kid] == nil:
		return c, fmt.Errorf("no key %q", c.kid)
	case c.Iss != issuer || c.Exp <= time.Now().Unix():
		return c, fmt.Errorf("not for us or not for now: %+v", c)
	}
	sum := sha256.Sum256([]byte(signed))
	return c, rsa.VerifyPKCS1v15(k.keys[c.kid], crypto.SHA256, sum[:], signature)
}

func parse(token string) (c claims, signed string, signature []byte, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, "", nil, fmt.Errorf("not a token: %q", token)
	}
	var header struct{ Alg, Kid string }
	for i, v := range []any{&header, &c} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(raw, v)
		}
		if err != nil {
			return c, "", nil, err
		}
	}
	if header.Alg != "RS256" {
		return c, "", nil, fmt.Errorf("signed by %s", header.Alg)
	}
	c.kid = header.Kid
	signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	return c, parts[0] + "." + parts[1], signature, err
}

// claimsOf reads a token that was just issued.
func claimsOf(t testing.TB, token string) claims {
	t.Helper()
	c, _, _, err := parse(token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
