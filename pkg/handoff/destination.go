package handoff

import (
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/redirect"
)

// Destination returns, as an absolute URL, where the browser goes in the end: where it was
// asked to go, or the app when nothing was asked. It refuses what redirect.Rule does.
func (s *Service) Destination(wanted string) (string, error) {
	if wanted == "" {
		wanted = s.AppURL
	}
	to, ok := redirect.Rule{Own: s.PublicURL, Others: s.Origins}.Destination(wanted)
	if !ok {
		return "", fault.InvalidField("continue", "invalid_url", "continue is a path, or a URL of an origin that this service allows")
	}
	return to, nil
}

// own reports whether an absolute destination is on the public URL's origin.
func (s *Service) own(destination string) bool {
	rest, ok := strings.CutPrefix(destination, s.PublicURL)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}
