package outbound

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// Timeout is how long a call may take, from the look-up of the name to the last byte.
	Timeout = 5 * time.Second
	// MaxBody is the longest answer that is read, in bytes.
	MaxBody = 1 << 20
	// MaxCalls is how many calls to one host and port are under way at a time. One more is
	// refused at once, so that a slow service cannot gather those who wait for it.
	MaxCalls = 32

	maxRedirects = 3
	maxHeaders   = 64 << 10
)

var (
	// ErrRefused is a URL or an address that may not be called.
	ErrRefused = errors.New("outbound: this may not be called")
	// ErrTooLarge is an answer that is longer than MaxBody.
	ErrTooLarge = errors.New("outbound: the answer is too large")
	// ErrBusy says that MaxCalls to the host are under way.
	ErrBusy = errors.New("outbound: too many calls are under way")
)

// Client makes calls. Safe for concurrent use.
type Client struct {
	http   *http.Client
	dialer net.Dialer
	named  map[string]bool // host:port that the operator has named
	plain  map[string]bool // those of them that are spoken to by http
	calls  calls
}

// New returns a client. The operator has named the given URLs: what they are at may be private, and
// is spoken to by http where the URL says http. A name among them never leads to link-local
// addresses, where clouds keep credentials; only an address itself does. Whoever answers for a name
// could still point it inside: https then fails, because no server there has its certificate.
func New(named ...string) (*Client, error) {
	c := &Client{named: map[string]bool{}, plain: map[string]bool{}, dialer: net.Dialer{Timeout: Timeout}}
	for _, text := range named {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return nil, errors.New("outbound: a service is named by a URL with http or https and a host")
		}
		c.named[place(u)] = true
		if u.Scheme == "http" {
			c.plain[place(u)] = true
		}
	}
	c.calls.underway = map[string]int{}
	c.http = &http.Client{
		Timeout:       Timeout,
		CheckRedirect: c.checkRedirect,
		Transport: &guarded{client: c, next: &http.Transport{
			DialContext:            c.dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    Timeout,
			ForceAttemptHTTP2:      true, // a transport with a dialer of its own does not by itself
			DisableCompression:     true, // MaxBody then bounds what is sent as well as what is read
			MaxResponseHeaderBytes: maxHeaders,
			MaxIdleConnsPerHost:    4,
			MaxConnsPerHost:        MaxCalls, // a connection outlives the call that asked for it
			IdleConnTimeout:        30 * time.Second,
		}},
	}
	return c, nil
}

// HTTP returns the client for libraries that take one. The same rules hold, and its errors repeat
// URLs: show what Reason makes of them.
func (c *Client) HTTP() *http.Client { return c.http }

// Read makes a call and reads the whole answer. Its error names no URL.
func (c *Client) Read(req *http.Request) (status int, body []byte, err error) {
	res, err := c.http.Do(req) //nolint:gosec // calling what settings name is what this package is for, and it checks
	if err != nil {
		return 0, nil, Reason(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err = io.ReadAll(res.Body); err != nil {
		return 0, nil, Reason(err)
	}
	return res.StatusCode, body, nil
}

// Check returns ErrRefused for a URL that this client would not call and a browser should not be
// sent to: one that is neither https nor named as http, or has a user in it.
func (c *Client) Check(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.User != nil:
		return fmt.Errorf("%w: not an address of a service", ErrRefused)
	case u.Scheme == "https" || u.Scheme == "http" && c.plain[place(u)]:
		return nil
	}
	return fmt.Errorf("%w: not https", ErrRefused)
}

// checkRedirect bounds how far a call is sent on. What carries a body or a credential is not sent on
// at all: it was meant for one service.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: too many redirects", ErrRefused)
	case first.Method != http.MethodGet || first.Header.Get("Authorization") != "":
		return fmt.Errorf("%w: a call with credentials was redirected", ErrRefused)
	}
	req.Header.Del("Referer") // it repeats the query
	return c.Check(req.URL)
}

// place returns the host and port of a URL as the transport dials it.
func place(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
