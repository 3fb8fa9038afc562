package httpkit

import (
	"cmp"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// uploadTimeout is how long a file may take to arrive: 5 MiB in a minute is a slow telephone.
	uploadTimeout = 60 * time.Second
	// A body of which less than paceStep arrives in paceTime is given up: it holds memory that
	// others wait for. 13 KB in a second is a very slow telephone.
	paceStep = 64 << 10
	paceTime = 5 * time.Second
)

// held is what the uploads of a kit share: memory, and that an account has one under way. A nil
// one shares nothing.
type held struct {
	n     atomic.Int64  // bytes in memory
	pace  time.Duration // zero means paceTime
	mu    sync.Mutex
	users map[string]bool
}

func (h *held) take(n int64) bool {
	if h == nil {
		return true
	}
	if h.n.Add(n) > maxHeld {
		h.n.Add(-n)
		return false
	}
	return true
}

func (h *held) give(n int64) {
	if h != nil {
		h.n.Add(-n)
	}
}

// enter reports whether the user may send a file now, which they do until they leave.
func (h *held) enter(user string) bool {
	if h == nil {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users[user] {
		return false
	}
	if h.users == nil {
		h.users = make(map[string]bool)
	}
	h.users[user] = true
	return true
}

func (h *held) leave(user string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.users, user)
}

// linger gives the request of a route that takes files the time that a slow sender needs, as long
// as something arrives, and the work that follows what any other has.
func (h *held) linger(w http.ResponseWriter, r *http.Request, deadline time.Time) {
	conn := http.NewResponseController(w)
	// What cannot be extended keeps the server's own limits.
	_ = conn.SetWriteDeadline(deadline.Add(requestTimeout))
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &paced{ReadCloser: r.Body, conn: conn, end: deadline.Add(-requestTimeout), pace: cmp.Or(h.pace, paceTime)}
	}
}

// paced is a body that must keep arriving. The server lifts the last deadline itself at its end.
type paced struct {
	io.ReadCloser
	conn *http.ResponseController
	end  time.Time     // for all of it
	pace time.Duration // for each step
	left int64         // of this step
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	if p.left <= 0 {
		p.left = paceStep
		next := time.Now().Add(p.pace) //nolint:forbidigo // connections know no other clock
		if next.After(p.end) {
			next = p.end
		}
		_ = p.conn.SetReadDeadline(next)
	}
	n, err := p.ReadCloser.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	return n, err
}
