package verify

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Option is a setting of a Verifier.
type Option func(*settings)

type settings struct {
	audience string
	at       string
	client   *http.Client
	now      func() time.Time
	log      *slog.Logger

	introspect bool
	secretKey  string
	maxAge     time.Duration
}

// Audience names this service as the issuer's tokens do: one of the values of its
// GATEHOUSE_AUDIENCE. It must be given.
func Audience(name string) Option { return func(s *settings) { s.audience = name } }

// At reaches the issuer at another address than the one its tokens name, such as the one it
// has inside a cluster. It may be plain http: use that in a network you trust only, because
// whoever answers there decides which tokens are good.
func At(base string) Option { return func(s *settings) { s.at = base } }

// HTTPClient sends requests to the issuer through a client of yours. Its redirect policy does
// not apply: the issuer does not redirect, and nobody else may.
func HTTPClient(c *http.Client) Option { return func(s *settings) { s.client = c } }

// Clock replaces the clock, in tests.
func Clock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// Logger takes the warnings that the issuer cannot be reached; slog.Default if it is not set.
func Logger(l *slog.Logger) Option { return func(s *settings) { s.log = l } }

// WithIntrospection also asks the issuer whether a token's session still lives, so that a
// signed-out user is refused before the token expires. secretKey is an API key with the scope
// tokens:read; an answer is used for maxAge at most, and 0 asks at every request.
//
// It fails closed: while the issuer cannot be asked, requests without an answer that is young
// enough are refused with ErrUnavailable.
func WithIntrospection(secretKey string, maxAge time.Duration) Option {
	return func(s *settings) { s.introspect, s.secretKey, s.maxAge = true, secretKey, maxAge }
}

// check reports a setting that cannot be right, and returns where the issuer is reached.
func (s settings) check(issuer string) (base string, err error) {
	if err := checkURL(issuer); err != nil {
		return "", fmt.Errorf("the issuer %q %w", issuer, err)
	}
	u, _ := url.Parse(issuer) // it has just been parsed
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return "", fmt.Errorf("the issuer %q must be https", issuer)
	}
	switch {
	case s.audience == "":
		return "", errors.New("an audience is needed: verify.Audience(...), one of the issuer's GATEHOUSE_AUDIENCE")
	case s.introspect && s.secretKey == "":
		return "", errors.New("introspection needs a secret key") // and is not silently left out
	case s.maxAge < 0:
		return "", errors.New("the maximum age of an introspection must not be negative")
	case s.at == "":
		return issuer, nil
	}
	if err := checkURL(s.at); err != nil {
		return "", fmt.Errorf("the address %q %w", s.at, err)
	}
	return s.at, nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must be a URL such as https://id.example.com")
	case strings.HasSuffix(raw, "/"):
		return errors.New("must not end in a slash: tokens are compared with it to the letter")
	case u.User != nil || strings.ContainsAny(raw, "?#"):
		return errors.New("must have no user, query or fragment")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// httpClient returns the client to use: it never follows a redirect.
func (s settings) httpClient() *http.Client {
	c := http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32,
		IdleConnTimeout: 30 * time.Second, // less than the issuer's
	}}
	if s.client != nil {
		c = *s.client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
