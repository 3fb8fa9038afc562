package limit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// ErrRateLimited says that a budget is used up; RetryAfter is whole seconds, at least one.
// It tells nothing of which budget it was, nor whether the account exists.
var ErrRateLimited = fault.New(fault.RateLimited, "rate_limited", "too many attempts; try again later")

const (
	maxLimit  = 1_000_000
	minWindow = time.Second
	maxWindow = 30 * 24 * time.Hour
)

// Policy is a budget: so many attempts in a window that begins with the first of them. A
// policy whose Limit is zero allows nothing.
type Policy struct {
	Name   string // tells budgets of one subject apart; at most 100 bytes
	Limit  int64
	Window time.Duration
}

// ParsePolicy reads "COUNT/WINDOW", for example "5/15m": a count from 1 to 1000000 and a Go
// duration from 1s to 720h in whole milliseconds. The policy has no name yet.
func ParsePolicy(s string) (Policy, error) {
	count, window, ok := strings.Cut(s, "/")
	if !ok {
		return Policy{}, fmt.Errorf("%q is not a rate limit: want COUNT/WINDOW, for example 5/15m", s)
	}
	n, err := strconv.ParseUint(count, 10, 32) // unsigned: takes neither + nor -
	if err != nil || n < 1 || n > maxLimit {
		return Policy{}, fmt.Errorf("%q is not a rate limit: the count must be a whole number from 1 to %d", s, maxLimit)
	}
	d, err := time.ParseDuration(window)
	if err != nil || d < minWindow || d > maxWindow || d%time.Millisecond != 0 {
		return Policy{}, fmt.Errorf("%q is not a rate limit: the window must be from 1s to 720h, for example 90s, 15m or 1h", s)
	}
	return Policy{Limit: int64(n), Window: d}, nil
}

// String returns the policy as ParsePolicy reads it, without its name.
func (p Policy) String() string {
	w := p.Window.String()
	if strings.HasSuffix(w, "m0s") {
		w = strings.TrimSuffix(w, "0s")
	}
	if strings.HasSuffix(w, "h0m") {
		w = strings.TrimSuffix(w, "0m")
	}
	return strconv.FormatInt(p.Limit, 10) + "/" + w
}

// State is where a budget stands after the attempt that was just counted.
type State struct {
	Limit     int64
	Remaining int64 // attempts left until ResetsAt; never negative
	ResetsAt  time.Time
}

func (p Policy) state(n int64, resetsAt time.Time) State {
	return State{Limit: p.Limit, Remaining: max(0, p.Limit-n), ResetsAt: resetsAt}
}

// refusal is ErrRateLimited with the time left until the budget is whole again. Rounding up
// keeps an obedient client from coming back a moment too early.
func refusal(now, until time.Time) error {
	left := until.Sub(now)
	seconds := (left + time.Second - 1) / time.Second
	return ErrRateLimited.After(max(1, seconds) * time.Second)
}
