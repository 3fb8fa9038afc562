package limit_test

import (
	"net/netip"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

func TestClientSubject(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"an IPv4 address stands for itself":           {"192.0.2.7", "192.0.2.7"},
		"an IPv4-mapped address is its IPv4 address":  {"::ffff:192.0.2.7", "192.0.2.7"},
		"a mapped address in hexadecimal is the same": {"::ffff:c000:207", "192.0.2.7"},
		"an IPv6 address stands for its /64":          {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		"another spelling of it is the same":          {"2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"},
		"a zone makes no other client":                {"fe80::1%eth0", "fe80::/64"},
		"nothing is unknown":                          {"", "unknown"},
		"an address with a port is unknown":           {"192.0.2.7:443", "unknown"},
		"a list of addresses is unknown":              {"192.0.2.7, 192.0.2.8", "unknown"},
		"a leading zero is unknown":                   {"192.0.2.007", "unknown"},
		"spaces are unknown":                          {" 192.0.2.7", "unknown"},
		"a name is unknown":                           {"localhost", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := limit.ClientSubject(c.in); got != c.want {
				t.Errorf("%q: got %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func FuzzClientSubject(f *testing.F) {
	for _, s := range []string{"192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "fe80::1%eth0", "::", "x", "::ffff:1.2.3.4%z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := limit.ClientSubject(s)
		if got == "unknown" {
			if _, err := netip.ParseAddr(s); err == nil {
				t.Fatalf("the address %q is unknown", s)
			}
			return
		}
		if addr, err := netip.ParseAddr(got); err == nil {
			if !addr.Is4() || limit.ClientSubject("::ffff:"+got) != got {
				t.Fatalf("%q became %q", s, got)
			}
			return
		}
		net, err := netip.ParsePrefix(got)
		if err != nil || net.Bits() != 64 || net != net.Masked() || net.Addr().Is4In6() {
			t.Fatalf("%q became %q, neither IPv4 nor a /64", s, got)
		}
		if limit.ClientSubject(net.Addr().String()) != got {
			t.Fatalf("%q became %q, whose first address is elsewhere", s, got)
		}
	})
}
