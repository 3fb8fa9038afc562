package handoff

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

const maxDestination = 2048

// Destination returns, as an absolute URL, where the browser goes in the end: where it was
// asked to go, or the app when nothing was asked. It refuses everything but a path of our own
// origin and URLs whose origin is exactly ours or an allowed one (OWASP ASVS 1.2.2): no
// user name, no fragment, and nothing that browsers and url.Parse could read differently.
func (s *Service) Destination(wanted string) (string, error) {
	if wanted == "" {
		wanted = s.AppURL
	}
	refused := fault.InvalidField("continue", "invalid_url", "continue is a path, or a URL of an origin that this service allows")
	if len(wanted) > maxDestination || strings.ContainsAny(wanted, "\\#") || strings.ContainsFunc(wanted, odd) {
		return "", refused
	}
	u, err := url.Parse(wanted)
	if err != nil || u.User != nil || u.Opaque != "" || strings.HasPrefix(u.Path, "//") {
		return "", refused
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(wanted, "/") && !strings.HasPrefix(wanted, "//") {
		return s.PublicURL + u.String(), nil
	}
	origin := strings.ToLower(u.Scheme + "://" + u.Host)
	if origin != s.PublicURL && !slices.Contains(s.Origins, origin) {
		return "", refused
	}
	return u.String(), nil
}

// odd is true of what has no place in a URL as it is sent: controls, spaces, anything but ASCII.
func odd(r rune) bool { return r <= ' ' || r >= 0x7f }

// own reports whether an absolute destination is on the public URL's origin.
func (s *Service) own(destination string) bool {
	rest, ok := strings.CutPrefix(destination, s.PublicURL)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}
