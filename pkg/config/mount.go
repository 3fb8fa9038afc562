package config

import (
	"errors"
	"regexp"
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
	if m.Host == "" && m.Prefix == "" || m.Host != "" && !isHost(m.Host) || m.Prefix != "" && !prefix.MatchString(m.Prefix) {
		return Mount{}, want
	}
	return m, nil
}
