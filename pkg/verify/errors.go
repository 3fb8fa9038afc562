package verify

import (
	"errors"
	"net/http"
)

// What a request may lack. Compare with errors.Is; Answer turns them into HTTP.
var (
	// ErrMissing says that no bearer token was sent: 401.
	ErrMissing = errors.New("verify: no access token")
	// ErrInvalid says that what was sent is no access token of the issuer for the audience: 401.
	ErrInvalid = errors.New("verify: not an access token for this service")
	// ErrExpired says that the time of a good token is over: 401.
	ErrExpired = errors.New("verify: access token has expired")
	// ErrSignedOut says that the session of a good token has ended (WithIntrospection): 401.
	ErrSignedOut = errors.New("verify: the session has ended")
	// ErrForbidden says that a Check did not pass: 403.
	ErrForbidden = errors.New("verify: not allowed")
	// ErrUnavailable says that the issuer could not be asked for what is needed to decide: 503.
	ErrUnavailable = errors.New("verify: the issuer cannot be reached")
)

// retryAfter is when a refused caller should come back, in seconds: a little later than the
// next attempt to reach the issuer.
const retryAfter = "10"

// Answer writes the answer to a request that an error of this package refuses: the status, the
// challenge of RFC 6750 section 3 and, when trying again helps, Retry-After. Expired, forged
// and signed out look the same. Any other error is a 500.
func Answer(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	h := w.Header()
	switch {
	case errors.Is(err, ErrMissing):
		status = http.StatusUnauthorized
		h.Set("WWW-Authenticate", `Bearer realm="api"`)
	case errors.Is(err, ErrInvalid), errors.Is(err, ErrExpired), errors.Is(err, ErrSignedOut):
		status = http.StatusUnauthorized
		h.Set("WWW-Authenticate", `Bearer realm="api", error="invalid_token"`)
	case errors.Is(err, ErrForbidden):
		status = http.StatusForbidden
		h.Set("WWW-Authenticate", `Bearer realm="api", error="insufficient_scope"`)
	case errors.Is(err, ErrUnavailable):
		status = http.StatusServiceUnavailable
		h.Set("Retry-After", retryAfter)
	}
	h.Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}
