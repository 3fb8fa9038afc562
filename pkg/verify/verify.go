// Package verify checks the access tokens of a Gatehouse, in the services that receive them.
//
// Most programs need two lines:
//
//	v, err := verify.New(ctx, "https://id.example.com", verify.Audience("my-api"))
//	mux.Handle("/", v.Middleware(next)) // verify.ClaimsFrom(r.Context()) inside next
//
// It owns the cached key set, the answer to a request without a good token, and, if asked for,
// the question whether the session behind a token still lives. It starts nothing that runs on
// its own, and knows no router and no store: verifygin and verifygrpc stand beside it.
package verify

import (
	"context"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// Verifier checks access tokens of one issuer for one audience. Make it with New, once for
// the whole program; it is safe for concurrent use.
type Verifier struct {
	tokens   *token.Verifier
	keys     *keys
	liveness *liveness // nil when only signature and claims count
}

// New returns a Verifier of the tokens that issuer, the origin of a Gatehouse without a slash
// at its end, has signed for the Audience, which must be given: a token for another service is
// no token for this one (RFC 8725 section 3.9).
//
// It fails on a wrong setting only. The keys are fetched at once so that the first request
// need not wait, within 5 seconds and ctx; where that fails, which is logged, services may
// start in any order: requests are answered 503 until the keys can be had.
func New(ctx context.Context, issuer string, opts ...Option) (*Verifier, error) {
	s := settings{now: clock, log: slog.Default()}
	for _, opt := range opts {
		opt(&s)
	}
	base, err := s.check(issuer)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	web := &remote{client: s.httpClient()}
	v := &Verifier{
		tokens: token.NewVerifier(issuer, s.audience, nil, s.now), // Verify brings the keys
		keys:   newKeys(web, base+"/.well-known/jwks.json", s),
	}
	if s.introspect {
		v.liveness = newLiveness(web, base+"/auth/introspect", s)
	}
	_, _ = v.keys.find(ctx, "") // it has been logged, and the first request tries again
	return v, nil
}

// clock is what Clock replaces.
func clock() time.Time { return time.Now() } //nolint:forbidigo // the one place where the clock is read

// Verify returns what an access token says if it is good and passes every check. A token is
// good when it is one of the issuer for the audience, signed with a published key and within
// its time, give or take 30 seconds, and, with WithIntrospection, when its session lives.
//
// Errors are ErrMissing, ErrInvalid, ErrExpired, ErrSignedOut, ErrForbidden and ErrUnavailable;
// compare with errors.Is. Their text is for logs: what a caller may know is what Answer says.
func (v *Verifier) Verify(ctx context.Context, accessToken string, checks ...Check) (Claims, error) {
	if accessToken == "" {
		return Claims{}, ErrMissing
	}
	find, failed := v.finder(ctx)
	said, err := v.tokens.VerifyWith(accessToken, find)
	if err := outcome(*failed, err); err != nil {
		return Claims{}, err
	}
	if v.liveness != nil {
		if err := v.liveness.check(ctx, said.ID, accessToken); err != nil {
			return Claims{}, err
		}
	}
	return allow(claims(said, accessToken), checks)
}

// finder returns a look-up of keys for one call, and where it leaves why it could not look.
func (v *Verifier) finder(ctx context.Context) (find token.KeyFunc, failed *error) {
	failed = new(error)
	return func(kid string) (key *rsa.PublicKey, ok bool) {
		key, *failed = v.keys.find(ctx, kid)
		return key, key != nil
	}, failed
}

// claims returns what a verified token says.
func claims(said token.Claims, verified string) Claims {
	_, rest, _ := strings.Cut(verified, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return Claims{
		Subject: said.Subject, Email: said.Email, EmailVerified: said.EmailVerified, Name: said.Name,
		UserType: said.UserType, SessionID: said.SessionID, TokenID: said.ID, Issuer: said.Issuer,
		Audience: said.Audience, AMR: said.AMR, AuthTime: said.AuthTime, IssuedAt: said.IssuedAt,
		ExpiresAt: said.ExpiresAt, payload: payload,
	}
}
