package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// dial connects and looks at the address before it does, after the name was looked up: a name that
// answers differently the second time finds nothing (DNS rebinding).
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	reach := public
	if address = strings.ToLower(address); c.named[address] {
		reach = internal
		if at, err := netip.ParseAddrPort(address); err == nil && at.IsValid() {
			reach = special
		}
	}
	d := c.dialer
	d.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(resolved)
		if err != nil || reachOf(at.Addr()) > reach {
			return fmt.Errorf("%w: not a public address", ErrRefused)
		}
		return nil
	}
	return d.DialContext(ctx, network, address)
}

// reach says how close to this machine an address is.
type reach int

const (
	public   reach = iota
	internal       // of this machine, a company or a provider: loopback and private networks
	special        // what no service is named to be at: link-local, multicast, reserved
)

// internals are the networks of machines and companies.
var internals = prefixes(
	"127.0.0.0/8", "::1/128", // loopback
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10", // carrier-grade NAT (RFC 6598), and inside clouds
	"fc00::/7",      // unique local (RFC 4193)
)

// specials are the rest of what is not public (the IANA special-purpose address registries). Of
// IPv6 only 2000::/3 is given out, so that what lies outside needs no mention.
var specials = prefixes(
	"0.0.0.0/8",                               // this host
	"169.254.0.0/16",                          // link-local: metadata services of clouds
	"192.0.0.0/24",                            // protocol assignments
	"192.88.99.0/24",                          // relays of 6to4
	"198.18.0.0/15",                           // benchmarks
	"192.0.2.0/24",                            // documentation
	"198.51.100.0/24",                         //
	"203.0.113.0/24",                          //
	"224.0.0.0/4",                             // multicast
	"240.0.0.0/4",                             // reserved, and broadcast
	"2001::/23",                               // protocol assignments: Teredo, which hides an IPv4 address, and others
	"2001:db8::/32", "3fff::/20", "5f00::/16", // documentation; segment routing
)

var (
	given   = netip.MustParsePrefix("2000::/3")
	sixFour = netip.MustParsePrefix("2002::/16")    // 6to4 (RFC 3056): an IPv4 address in bytes 2 to 5
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // NAT64 (RFC 6052): an IPv4 address in the last four bytes
)

func reachOf(a netip.Addr) reach {
	a = a.WithZone("").Unmap()
	bytes := a.As16()
	switch {
	case within(a, internals):
		return internal
	case within(a, specials):
		return special
	case a.Is4():
		return public
	case nat64.Contains(a):
		return reachOf(netip.AddrFrom4([4]byte(bytes[12:])))
	case sixFour.Contains(a):
		return reachOf(netip.AddrFrom4([4]byte(bytes[2:6])))
	case given.Contains(a):
		return public
	}
	return special
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}
