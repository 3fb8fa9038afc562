package outbound

import (
	"io"
	"net/http"
	"sync"
)

// guarded is a transport that holds every call, and every redirect of it, to the rules.
type guarded struct {
	client *Client
	next   http.RoundTripper
}

func (g *guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	at := place(req.URL)
	err := g.client.Check(req.URL)
	if err == nil && !g.client.calls.begin(at) {
		err = ErrBusy
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as http.RoundTripper asks for
		}
		return nil, err
	}
	end := sync.OnceFunc(func() { g.client.calls.end(at) })
	if req.Header.Get("User-Agent") == "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", "Gatehouse") // GitHub refuses calls without one
	}
	res, err := g.next.RoundTrip(req)
	if err != nil {
		end()
		return nil, err
	}
	if res.ContentLength > MaxBody {
		_ = res.Body.Close()
		end()
		return nil, ErrTooLarge
	}
	res.Body = &bounded{ReadCloser: res.Body, left: MaxBody, end: end}
	return res, nil
}

// bounded is a body that ends in ErrTooLarge rather than going on beyond its bound.
type bounded struct {
	io.ReadCloser
	left int64
	end  func()
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more, to notice that there is more
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.left = 0
		return 0, ErrTooLarge
	}
	return n, err
}

func (b *bounded) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

// calls counts what is under way. It holds no place that nothing is under way to, so that
// redirects cannot make it grow.
type calls struct {
	mu       sync.Mutex
	underway map[string]int
}

func (c *calls) begin(at string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.underway[at] >= MaxCalls {
		return false
	}
	c.underway[at]++
	return true
}

func (c *calls) end(at string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.underway[at]--; c.underway[at] == 0 {
		delete(c.underway, at)
	}
}
