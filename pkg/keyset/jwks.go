package keyset

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// Thumbprint returns the RFC 7638 SHA-256 thumbprint of an RSA public key, base64url; empty
// for a key that is none.
func Thumbprint(pub *rsa.PublicKey) string {
	key, err := jwk.Import(pub)
	if err != nil {
		return ""
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// JWKS renders keys as a JWK set (RFC 7517 5) with a strong ETag (RFC 9110 8.8.3), in the
// order given. Equal keys give equal bytes. Each key has exactly the members kty, use, alg,
// kid, n and e: it is made of a public key, which has no private ones.
func JWKS(keys []Key) (body []byte, etag string, err error) {
	set := jwk.NewSet()
	for _, k := range keys {
		key, err := public(k)
		if err != nil {
			return nil, "", fmt.Errorf("key %q: %w", k.KID, err)
		}
		if err := set.AddKey(key); err != nil {
			return nil, "", fmt.Errorf("key %q: %w", k.KID, err)
		}
	}
	if body, err = json.Marshal(set); err != nil {
		return nil, "", fmt.Errorf("render the JWK set: %w", err)
	}
	h := sha256.Sum256(body)
	return body, `"` + base64.RawURLEncoding.EncodeToString(h[:16]) + `"`, nil
}

// public returns a key as the JWK that is published.
func public(k Key) (jwk.Key, error) {
	pub, err := k.PublicKey()
	if err != nil {
		return nil, err
	}
	key, err := jwk.Import(pub)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{
		jwk.KeyIDKey: k.KID, jwk.AlgorithmKey: jwa.RS256(), jwk.KeyUsageKey: jwk.ForSignature,
	} {
		if err := key.Set(name, value); err != nil {
			return nil, err
		}
	}
	return key, nil
}
