package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// Mount says where a dialect is served: at a host name of its own, below a path, or both.
type Mount struct {
	Host   string // lower case, without a port; empty means every host that is no dialect's own
	Prefix string // "/flowless"; empty means the root of Host
}

// String returns the mount as it is configured.
func (m Mount) String() string { return m.Host + m.Prefix }

// mountOff is what an operator writes for a dialect that is not to be served.
const mountOff = "off"

var (
	mount  = kind[Mount]{parse: parseMount, format: Mount.String}
	mounts = kind[[]Mount]{parse: parseMounts, format: func(all []Mount) string {
		if len(all) == 0 {
			return mountOff
		}
		return list(mount).format(all)
	}}

	prefix = regexp.MustCompile(`^(/[A-Za-z0-9._~-]*[A-Za-z0-9_~-])+$`)

	// reserved are the first parts of paths that are served already.
	reserved = []string{"account", "app", "auth", "client", "dev", "docs", "invitation", "password", "pictures", "register"}

	cookieName = textual[string](func(s string) error {
		if regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`).MatchString(s) && !ours.MatchString(s) {
			return nil
		}
		return errors.New("up to 64 letters, digits, dots, dashes and underscores, and neither session_id nor one that begins with gatehouse")
	})

	// ours are the names of cookies that mean something else here.
	ours = regexp.MustCompile(`^session_id$|^(__Host-|__Secure-)?gatehouse`)
)

func parseMounts(s string) ([]Mount, error) {
	if s == mountOff {
		return nil, nil
	}
	all, err := list(mount).parse(s)
	for i, m := range all {
		for _, other := range all[:i] {
			if m == other {
				return nil, errors.New("each place once")
			}
		}
	}
	return all, err
}

func parseMount(s string) (Mount, error) {
	want := errors.New("a path such as /flowless, a host name such as auth.example.com, or both in one, or off")
	host, rest, below := strings.Cut(s, "/")
	m := Mount{Host: strings.ToLower(host)}
	if below {
		m.Prefix = "/" + rest
	}
	if first, _, _ := strings.Cut(rest, "/"); m.Host == "" && slices.Contains(reserved, strings.ToLower(first)) {
		return Mount{}, errors.New("another path: what begins with /" + strings.ToLower(first) + " is served already")
	}
	if m.Host == "" && m.Prefix == "" || m.Host != "" && !isHost(m.Host) || m.Prefix != "" && !prefix.MatchString(m.Prefix) {
		return Mount{}, want
	}
	return m, nil
}
