package bench

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// script is what one connection says: a request, and after each success the next one.
type script struct {
	request []byte
	want    []byte // what the body of a success contains
	// advance prepares the next request, given the body of the last success. Nil means that all
	// requests are alike. It must be cheap.
	advance func(s *script, body []byte) error
}

// accept reports whether an answer is a success, and moves on if it is. After a failure the
// same request is sent again.
func (s *script) accept(a answer) (bool, error) {
	if a.status > 299 || !bytes.Contains(a.body, s.want) {
		return false, nil
	}
	if s.advance == nil {
		return true, nil
	}
	return true, s.advance(s, a.body)
}

// The phases of a measurement. An operation belongs to the one in which it ended.
const (
	warming int32 = iota
	counting
	stopping
)

// tally is what came of a measurement.
type tally struct {
	latency histogram // of successes
	failed  map[int]int
	usage
}

func (t *tally) failures() int {
	n := 0
	for _, of := range t.failed {
		n += of
	}
	return n
}

// stall is how long after its end a measurement waits for answers that are still due.
const stall = 30 * time.Second

// drive runs every script on a connection of its own: unobserved at first, then for the given
// time. An error says that the server speaks differently from ours.
func drive(ctx context.Context, t target, scripts []*script, length time.Duration) (*tally, error) {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	warmUp := min(length/4, time.Second)
	workers := make([]*worker, len(scripts))
	for i, s := range scripts {
		c, err := dial(ctx, t.host)
		if err != nil {
			return nil, err
		}
		defer func() { _ = c.conn.Close() }()
		if err := c.conn.SetDeadline(time.Now().Add(warmUp + length + stall)); err != nil {
			return nil, err
		}
		// A read in progress ends at once when the measurement is off.
		defer context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })()
		workers[i] = &worker{client: c, script: s}
	}
	var phase atomic.Int32
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			if err := w.run(&phase); err != nil {
				abort(err)
			}
		})
	}
	out := observe(ctx, t, &phase, warmUp, length)
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, w := range workers {
		w.report(out)
	}
	return out, nil
}

// observe leads the workers through the phases and watches the processors.
func observe(ctx context.Context, t target, phase *atomic.Int32, warmUp, length time.Duration) *tally {
	wait(ctx, warmUp)
	began := usageNow(t.pid)
	phase.Store(counting)
	wait(ctx, length)
	phase.Store(stopping)
	return &tally{failed: map[int]int{}, usage: began.since()}
}

// worker plays one script on one connection. Nothing in it is shared while it runs.
type worker struct {
	client  *client
	script  *script
	latency histogram
	failed  map[int]int
}

func (w *worker) run(phase *atomic.Int32) error {
	for last := time.Now(); ; {
		a, err := w.client.do(w.script.request)
		if err != nil {
			return err
		}
		now := time.Now()
		good, err := w.script.accept(a)
		if err != nil {
			return err
		}
		switch phase.Load() {
		case counting:
			w.count(a.status, good, now.Sub(last))
		case stopping:
			return nil
		}
		last = now
	}
}

func (w *worker) count(status int, good bool, took time.Duration) {
	if good {
		w.latency.add(took)
		return
	}
	if w.failed == nil {
		w.failed = map[int]int{}
	}
	w.failed[status]++
}

func (w *worker) report(to *tally) {
	to.latency.merge(&w.latency)
	for status, n := range w.failed {
		to.failed[status] += n
	}
}

// wait pauses for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
