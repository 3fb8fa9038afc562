package keyset

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// jwk is the public half of a signing key on the wire: exactly these members (RFC 7517 4,
// RFC 7518 6.3.1). There is no field a private one could slip into.
type jwk struct {
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	N   string `json:"n"`
	E   string `json:"e"`
}

// Thumbprint returns the RFC 7638 SHA-256 thumbprint of an RSA public key, base64url.
func Thumbprint(pub *rsa.PublicKey) string {
	// The members, their order and the lack of white space are RFC 7638 3.2's.
	h := sha256.Sum256(fmt.Appendf(nil, `{"e":"%s","kty":"RSA","n":"%s"}`, exponent(pub), uintURL(pub.N)))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// JWKS renders keys as a JWK set (RFC 7517 5) with a strong ETag (RFC 9110 8.8.3), in the
// order given. Equal keys give equal bytes.
func JWKS(keys []Key) (body []byte, etag string, err error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, k := range keys {
		pub, err := k.PublicKey()
		if err != nil {
			return nil, "", fmt.Errorf("key %q: %w", k.KID, err)
		}
		set.Keys = append(set.Keys, jwk{"RSA", "sig", "RS256", k.KID, uintURL(pub.N), exponent(pub)})
	}
	body, err = json.Marshal(set)
	if err != nil {
		return nil, "", err
	}
	h := sha256.Sum256(body)
	return body, `"` + base64.RawURLEncoding.EncodeToString(h[:16]) + `"`, nil
}

func exponent(pub *rsa.PublicKey) string { return uintURL(big.NewInt(int64(pub.E))) }

// uintURL is Base64urlUInt of RFC 7518 2: big-endian, as few octets as it takes.
func uintURL(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
