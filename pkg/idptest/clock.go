package idptest

import (
	"sync/atomic"
	"time"
)

// clock is the present and what it was advanced by.
type clock struct{ ahead atomic.Int64 }

// Now returns the server's time. It goes on by itself; give it to those who have to agree
// about what has expired: verify.Clock(idp.Now).
func (s *Server) Now() time.Time {
	ahead := time.Duration(s.clock.ahead.Load())
	return time.Now().Add(ahead).UTC().Truncate(time.Millisecond) //nolint:forbidigo // the clock of a test
}

// Advance moves the server's clock forward.
func (s *Server) Advance(d time.Duration) { s.clock.ahead.Add(int64(d)) }
