package limit

import (
	"net/netip"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// ClientSubject returns the subject that stands for the network a client comes from: an IPv4
// address, or the /64 of an IPv6 address, since one subscriber owns that many of them
// (RFC 6177). An IPv4-mapped address is its IPv4 address. Anything else is "unknown": all
// such clients share one budget.
func ClientSubject(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap()
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String() // a prefix has no zone, which is as it should be
}

// Origin returns what a caller is counted by. A server speaks for many people: it is counted
// by their address if it names it; else known is false, and the subject has to be narrowed to
// the account.
func Origin(by identity.Actor) (subject string, known bool) {
	if by.IsServer() && by.Client.IP == "" {
		return server(by), false
	}
	return ClientSubject(by.Client.IP), true
}

func server(by identity.Actor) string {
	if by.Key == nil {
		return "bridge"
	}
	return "key:" + by.Key.ID
}
