package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may happen: Limit times in each Window.
type Rate struct {
	Limit  int64         // at least 1
	Window time.Duration // from one second to 31 days
}

const maxWindow = 31 * day

var errRate = errors.New("a number of times and a window from 1s to 744h, such as 5/15m or 100/1m")

// ParseRate reads the form that String writes: 5/15m means five times in fifteen minutes. Its
// error says what is allowed.
func ParseRate(s string) (Rate, error) {
	limit, window, ok := strings.Cut(s, "/")
	n, err := strconv.ParseUint(limit, 10, 31) // no sign, and far from where sums overflow
	if !ok || err != nil || n == 0 {
		return Rate{}, errRate
	}
	d, err := time.ParseDuration(window)
	if err != nil || d < time.Second || d > maxWindow {
		return Rate{}, errRate
	}
	return Rate{Limit: int64(n), Window: d}, nil
}

// String returns the rate as a person would write it, such as 5/15m.
func (r Rate) String() string { return strconv.FormatInt(r.Limit, 10) + "/" + short(r.Window) }

// short writes a duration without the zero units that time.Duration appends: 15m, not 15m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
