package verify

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// How long a key set is used: what the issuer says within these bounds, or usualAge.
const (
	leastAge = time.Minute
	usualAge = 5 * time.Minute
	mostAge  = time.Hour
)

// leastBits is the smallest RSA key that counts (RFC 7518 section 3.3).
const leastBits = 2048

var errNoneFits = errors.New("the key set has no RSA key for RS256 signatures of 2048 bits or more")

// parseKeys returns the keys of a JWK set that can sign access tokens, by kid. Others are none
// of our business and passed over, a broken one as well; a set without any is an error.
func parseKeys(body []byte) (map[string]*rsa.PublicKey, error) {
	set, err := jwk.Parse(body, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	found := make(map[string]*rsa.PublicKey, set.Len())
	for i := range set.Len() {
		if key, _ := set.Key(i); key != nil {
			if kid, pub := signingKey(key); pub != nil {
				found[kid] = pub
			}
		}
	}
	if len(found) == 0 {
		return nil, errNoneFits
	}
	return found, nil
}

// signingKey returns a public RSA key whose use and alg, where they are given, are those of
// access tokens.
func signingKey(key jwk.Key) (kid string, pub *rsa.PublicKey) {
	if alg, given := key.Algorithm(); given && alg.String() != jwa.RS256().String() {
		return "", nil
	}
	if use, given := key.KeyUsage(); given && use != string(jwk.ForSignature) {
		return "", nil
	}
	kid, _ = key.KeyID()
	public, ok := key.(jwk.RSAPublicKey)
	if !ok || kid == "" {
		return "", nil
	}
	pub = new(rsa.PublicKey)
	if err := jwk.Export(public, pub); err != nil || pub.N.BitLen() < leastBits || pub.E < 3 {
		return "", nil
	}
	return kid, pub
}

// maxAge reads how long an answer may be kept (RFC 9111 section 5.2.2).
func maxAge(h http.Header) time.Duration {
	age := usualAge
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return leastAge
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age = time.Duration(n) * time.Second
			}
		}
	}
	return min(max(age, leastAge), mostAge)
}
