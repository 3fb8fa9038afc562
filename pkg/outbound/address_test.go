package outbound_test

import (
	"net/netip"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		name             string
		addresses        []string
		public, internal bool
	}{
		{"public addresses", []string{"1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"}, true, false},
		{"public ones behind NAT64 and 6to4", []string{"64:ff9b::8.8.8.8", "2002:808:808::1"}, true, false},
		{"loopback", []string{"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"}, false, true},
		{"private networks", []string{"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "fc00::1", "fdff::1",
			"::ffff:10.0.0.1", "64:ff9b::192.168.1.1", "2002:a00:1::1"}, false, true},
		{"link-local and metadata", []string{"169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::"}, false, false},
		{"what is nobody's", []string{"0.0.0.0", "0.1.2.3", "::", "::127.0.0.1", "255.255.255.255", "240.0.0.1", "224.0.0.1", "ff02::1", "fec0::1", "192.0.0.1", "198.18.0.1",
			"192.0.2.1", "2001:db8::1", "4000::1"}, false, false},
		{"Teredo, whatever it hides", []string{"2001::1", "2001:0:808:808:8000::"}, false, false},
		{"NAT64 of the operator's own", []string{"64:ff9b:1::808:808"}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, text := range c.addresses {
				a := netip.MustParseAddr(text)
				if got := outbound.IsPublic(a); got != c.public {
					t.Errorf("%s: public is %t, want %t", text, got, c.public)
				}
				if got := outbound.IsInternal(a); got != c.internal {
					t.Errorf("%s: internal is %t, want %t", text, got, c.internal)
				}
			}
		})
	}
}
