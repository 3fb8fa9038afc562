package token

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// Errors of Verify. Compare with errors.Is.
var (
	// ErrInvalid says that a string is not an access token of this service.
	ErrInvalid = errors.New("token: invalid")
	// ErrExpired says that it was one and its time is over.
	ErrExpired = errors.New("token: expired")
)

const (
	maxLength = 4096
	// leeway is how far clocks may differ; an expired token passes this long at most.
	leeway = 30 * time.Second
)

// Verifier checks access tokens. Make it with NewVerifier; it is safe for concurrent use.
type Verifier struct {
	key    KeyFunc
	parser *jwt.Parser
	valid  *jwt.Validator
	known  *verified
}

// KeyFunc finds a published key by its kid: a look-up by name, never by path or query.
type KeyFunc func(kid string) (*rsa.PublicKey, bool)

// NewVerifier returns a Verifier of tokens with exactly this iss whose aud holds audience.
func NewVerifier(issuer, audience string, key KeyFunc, now func() time.Time) *Verifier {
	rules := []jwt.ParserOption{
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(now),
	}
	return &Verifier{
		key: key, parser: jwt.NewParser(rules...), valid: jwt.NewValidator(rules...),
		known: &verified{Size: rememberedTokens},
	}
}

// Verify returns what a valid access token says. A token is valid when it is three strict
// base64url parts of at most 4096 bytes in all; its header has exactly alg RS256, typ at+jwt
// and the kid of a published key; that key signed it; issuer and audience are ours; and every
// claim that Mint writes is there and holds now (RFC 8725, RFC 9068 section 4). Custom claims
// are not returned. Anything else is ErrInvalid, or ErrExpired when only the time is over.
func (v *Verifier) Verify(raw string) (Claims, error) { return v.VerifyWith(raw, v.key) }

// VerifyWith is Verify with another source of keys for this one call, for a caller whose keys
// have to be waited for. It asks only when everything that can be known without a key holds.
func (v *Verifier) VerifyWith(raw string, find KeyFunc) (Claims, error) {
	if len(raw) > maxLength {
		return Claims{}, ErrInvalid
	}
	sum := sha256.Sum256([]byte(raw))
	r, known := v.known.Find(sum)
	if !known {
		h, ok := parseHeader(raw, Type)
		if !ok {
			return Claims{}, ErrInvalid
		}
		r = remembered{kid: h.KID, w: new(wire)}
	}
	key, ok := find(r.kid)
	if !ok {
		return Claims{}, ErrInvalid
	}
	var err error
	if known {
		err = v.valid.Validate(r.w)
	} else {
		_, err = v.parser.ParseWithClaims(raw, r.w, func(*jwt.Token) (any, error) { return key, nil })
	}
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && onlyExpired(err) && r.w.complete():
		return Claims{}, ErrExpired
	case err != nil || !r.w.complete():
		return Claims{}, ErrInvalid
	}
	if !known {
		v.known.Add(sum, r)
	}
	return r.w.claims(), nil
}

// onlyExpired tells an otherwise good token from one that is wrong in another way as well.
func onlyExpired(err error) bool {
	for _, other := range []error{
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenNotValidYet, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenSignatureInvalid,
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

func (w *wire) complete() bool {
	return w.registered.complete() && w.SessionID != "" && w.AuthTime != nil && w.Nbf != nil
}

func (r *registered) complete() bool {
	return r.Sub != "" && r.Jti != "" && r.Iat != nil && r.Exp != nil && *r.Exp > *r.Iat
}

// header is everything the header of a token may contain. Members that could choose
// or carry a key (jwk, jku, x5u, x5c) or change the meaning (crit, b64, zip) have no place.
type header struct {
	Alg string `json:"alg"`
	KID string `json:"kid"`
	Typ string `json:"typ"`
}

func parseHeader(raw, typ string) (header, bool) {
	if !wellFormed(raw) {
		return header{}, false
	}
	first, _, _ := strings.Cut(raw, ".")
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil {
		return header{}, false
	}
	var h header
	if err := json.Unmarshal(decoded, &h, json.RejectUnknownMembers(true)); err != nil {
		return header{}, false
	}
	return h, h.Alg == "RS256" && h.Typ == typ && wellFormedKID(h.KID)
}

// wellFormed accepts three non-empty parts of base64url characters: the decoder alone would
// skip line breaks, and one token must have one spelling.
func wellFormed(raw string) bool {
	dots, part := 0, 0
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '.':
			if part == 0 {
				return false
			}
			dots, part = dots+1, 0
		case base64url(c):
			part++
		default:
			return false
		}
	}
	return dots == 2 && part > 0
}

func wellFormedKID(kid string) bool {
	if len(kid) < 8 || len(kid) > 64 {
		return false
	}
	for i := range len(kid) {
		if !base64url(kid[i]) {
			return false
		}
	}
	return true
}

func base64url(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
