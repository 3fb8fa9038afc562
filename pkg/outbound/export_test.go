package outbound

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// LookUp makes a client ask another resolver.
func (c *Client) LookUp(r *net.Resolver) { c.dialer.Resolver = r }

// GiveUpAfter makes a client less patient.
func (c *Client) GiveUpAfter(d time.Duration) { c.http.Timeout = d }

// Underway returns how many calls are under way, to all places.
func (c *Client) Underway() int {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	n := 0
	for _, more := range c.calls.underway {
		n += more
	}
	return n
}

// IsPublic and IsInternal say what an address is taken for.
func IsPublic(a netip.Addr) bool   { return reachOf(a) == public }
func IsInternal(a netip.Addr) bool { return reachOf(a) == internal }

// Trust makes a client believe certificates of other authorities.
func (c *Client) Trust(roots *x509.CertPool) {
	c.http.Transport.(*guarded).next.(*http.Transport).TLSClientConfig.RootCAs = roots
}
