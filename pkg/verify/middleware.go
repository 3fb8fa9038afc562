package verify

import (
	"net/http"
	"strings"
)

// Middleware lets requests with a good bearer token that passes every check through to next,
// which finds the token's claims with ClaimsFrom, and answers all others with Answer.
//
// A browser's preflight request (OPTIONS) carries no token: handle CORS outside of this.
func (v *Verifier) Middleware(next http.Handler, checks ...Check) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := v.Authenticate(r, checks...)
		if err != nil {
			Answer(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), c)))
	})
}

// Authenticate is Verify for the bearer token of a request. It is for those who write a
// middleware of their own; it reads the Authorization header and nothing else: a token in a
// URL ends up in logs (RFC 9700 section 4.3.2).
func (v *Verifier) Authenticate(r *http.Request, checks ...Check) (Claims, error) {
	raw, err := Bearer(r.Header["Authorization"])
	if err != nil {
		return Claims{}, err
	}
	return v.Verify(r.Context(), raw, checks...)
}

// Bearer returns the token in the lines of an Authorization header (RFC 6750 section 2.1). It
// fails with ErrMissing where there is none, or one of another scheme, and with ErrInvalid for
// two: nobody could say which of them counts.
func Bearer(lines []string) (string, error) {
	switch len(lines) {
	case 0:
		return "", ErrMissing
	case 1:
	default:
		return "", ErrInvalid
	}
	const scheme = "bearer "
	if len(lines[0]) <= len(scheme) || !strings.EqualFold(lines[0][:len(scheme)], scheme) {
		return "", ErrMissing
	}
	return lines[0][len(scheme):], nil
}
