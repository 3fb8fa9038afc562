package limit

import (
	"context"
	"sync"
)

// Report is where the limits that one request meets leave their state, for the headers of
// its answer. It is safe for concurrent use.
type Report struct {
	mu    sync.Mutex
	state State
	set   bool
}

type reportKey struct{}

// WithReport returns a context in which limits write to the returned report.
func WithReport(ctx context.Context) (context.Context, *Report) {
	r := &Report{}
	return context.WithValue(ctx, reportKey{}, r), r
}

// State returns the tightest state that was reported; false when the request met no limit.
func (r *Report) State() (State, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state, r.set
}

// report keeps the tightest state: the fewest attempts left, and of those the longest wait.
func report(ctx context.Context, s State) {
	r, ok := ctx.Value(reportKey{}).(*Report)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	tighter := s.Remaining < r.state.Remaining ||
		s.Remaining == r.state.Remaining && s.ResetsAt.After(r.state.ResetsAt)
	if !r.set || tighter {
		r.state, r.set = s, true
	}
}
