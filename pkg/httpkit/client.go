package httpkit

import (
	"net/http"
	"net/netip"
	"strings"
	"unicode"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const (
	maxUserAgent = 256
	maxDeviceID  = 128
	maxLanguage  = 64
)

// Proxies are the networks whose forwarding headers are believed. None are by default: a
// header that anybody can send identifies nobody.
type Proxies []netip.Prefix

// Address returns where a request came from: the other end of the connection or, when that
// is a trusted proxy, the right-most address in X-Forwarded-For that is not one. It returns
// an empty string when that cannot be known.
func (p Proxies) Address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := peer.Addr().Unmap().WithZone("")
	if len(p) == 0 || !p.contain(addr) {
		return addr.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what stands left of garbage cannot be believed either
		}
		addr = hop.Unmap().WithZone("")
		if !p.contain(addr) {
			break
		}
	}
	return addr.String()
}

func (p Proxies) contain(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

func (p Proxies) client(r *http.Request) identity.Client {
	return identity.Client{
		IP: p.Address(r), UserAgent: printable(r.UserAgent(), maxUserAgent),
		DeviceID: printable(r.Header.Get("X-Device-Id"), maxDeviceID),
	}
}

// named lets a server name the address of the user it speaks for. Without
// a name there is no address: the server's own says nothing about the user.
func named(r *http.Request, c identity.Client) (identity.Client, error) {
	values := r.Header.Values("X-Client-Ip")
	if len(values) == 0 {
		c.IP = ""
		return c, nil
	}
	addr, err := netip.ParseAddr(values[0])
	if err != nil || len(values) > 1 {
		return c, fault.InvalidField("X-Client-IP", "invalid_address", "X-Client-IP is one IP address")
	}
	c.IP = addr.Unmap().WithZone("").String()
	return c, nil
}

// printable keeps the visible part of a header, so that it may be stored and shown.
func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
