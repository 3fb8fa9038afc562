// Package redirect owns the rule about where somebody's request may send a browser: to our own
// origin, and to the origins that the operator has allowed. It refuses whatever browsers and
// this program could read differently.
package redirect

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxURL is the longest URL that is looked at, in bytes.
const maxURL = 2048

// Rule is the rule of one service. It is a value and safe for concurrent use.
type Rule struct {
	Own    string   // the public URL: an origin without a slash at its end
	Others []string // allowed origins, exactly as browsers write them (RFC 6454 section 6.2)
}

// Destination returns as an absolute URL where a browser may go: a path of Own, or a URL whose
// origin is exactly Own or one of the others (OWASP ASVS 1.2.2). It is false for everything
// else: with a user name, a fragment, or anything that is no part of a URL as it is sent.
func (r Rule) Destination(wanted string) (string, bool) {
	u, ok := r.read(wanted)
	if !ok {
		return "", false
	}
	if u.Host == "" {
		return r.Own + u.String(), true
	}
	return u.String(), true
}

// Page returns where a mailed link may lead: an absolute URL as Destination has it, by https
// unless it stays on the machine of its reader, whose query has room for a one-time token.
func (r Rule) Page(wanted string) (string, bool) {
	u, ok := r.read(wanted)
	if !ok || !strings.EqualFold(u.Scheme, "https") && !loopback(u.Hostname()) {
		return "", false
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || query.Has(tokenParam) {
		return "", false
	}
	return u.String(), true
}

const tokenParam = "token"

// WithToken returns a URL that Page has accepted with a token in its query.
func WithToken(page, token string) string {
	joint := "?"
	if strings.Contains(page, "?") {
		joint = "&"
	}
	return page + joint + url.Values{tokenParam: {token}}.Encode()
}

// read parses a path of Own or a URL of an allowed origin.
func (r Rule) read(wanted string) (*url.URL, bool) {
	if len(wanted) > maxURL || strings.ContainsAny(wanted, "\\#\"<>") || strings.ContainsFunc(wanted, odd) {
		return nil, false
	}
	u, err := url.Parse(wanted)
	if err != nil || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return nil, false
	}
	if u.Scheme == "" && u.Host == "" {
		return u, strings.HasPrefix(wanted, "/") && !strings.HasPrefix(wanted, "//")
	}
	origin := strings.ToLower(u.Scheme + "://" + u.Host)
	return u, origin == r.Own || slices.Contains(r.Others, origin)
}

// odd is true of what has no place in a URL as it is sent: controls, spaces, anything but ASCII.
func odd(c rune) bool { return c <= ' ' || c >= 0x7f }

// loopback reports whether a host is the reader's own machine (RFC 6761 section 6.3 for names).
func loopback(host string) bool {
	host = strings.ToLower(host)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
}
