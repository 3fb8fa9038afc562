package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

const (
	queueLength = 1024
	maxBatch    = 256
	// beginAttempts is how often the writer waits for the lock of another process, five
	// seconds each, before it gives up. A process that writes without pause leaves gaps so
	// short that one wait may miss all of them.
	beginAttempts = 4
)

// writer is the one goroutine that writes. It takes all writes that wait, runs them in one
// transaction and answers them when that is committed; while it commits, the next ones gather.
type writer struct {
	db      *sql.DB
	tx      *tx
	queue   chan *job
	quit    chan struct{} // closed to stop
	stopped chan struct{} // closed when every job taken has been answered
	once    sync.Once
}

// job is one write on its way.
type job struct {
	run   func(*tx) error // may run again when another write of its batch spoils the batch
	many  bool            // several statements: a savepoint undoes them as one
	state atomic.Int32
	err   error         // valid when done is closed
	done  chan struct{} // closed when the outcome is known
}

const (
	queued int32 = iota
	taken
	abandoned
)

// take reports whether the job is to be run. From then on its caller waits for the outcome.
func (j *job) take() bool {
	return j.state.CompareAndSwap(queued, taken) || j.state.Load() == taken
}

// abandon reports whether the job will never be run.
func (j *job) abandon() bool { return j.state.CompareAndSwap(queued, abandoned) }

func (j *job) wanted() bool { return j.state.Load() != abandoned }

func (j *job) answer(err error) {
	j.err = err
	close(j.done)
}

func openWriter(ctx context.Context, path string) (*writer, error) {
	db, err := openDB(path, writing)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		err = migrate(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	w := &writer{
		db: db,
		// What is being written is finished whatever becomes of the caller.
		tx:      &tx{ctx: context.WithoutCancel(ctx), conn: conn, statements: newStatements(conn)},
		queue:   make(chan *job, queueLength),
		quit:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	go w.loop()
	return w, nil
}

// do has the loop run a write and returns its outcome. When ctx ends first the write is
// withdrawn, unless it is being run already.
func (w *writer) do(ctx context.Context, many bool, run func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{run: run, many: many, done: make(chan struct{})}
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
		return errClosed
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if j.abandon() {
			return ctx.Err()
		}
	case <-w.stopped:
		if j.abandon() {
			return errClosed
		}
	}
	<-j.done
	return j.err
}

func (w *writer) loop() {
	defer close(w.stopped)
	batch := make([]*job, 0, maxBatch)
	for open := true; open; {
		batch = batch[:0]
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		case <-w.quit:
			open = false
		}
		for batch = w.gather(batch); len(batch) > 0; batch = w.gather(batch[:0]) {
			for rest := batch; len(rest) > 0; {
				rest = w.attempt(rest)
			}
		}
	}
}

// gather adds to a batch what waits already.
func (w *writer) gather(batch []*job) []*job {
	for len(batch) < maxBatch {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// attempt runs a batch in one transaction and answers it. A write that spoils the
// transaction is answered alone; the others are returned, to be run again without it.
func (w *writer) attempt(batch []*job) []*job {
	if err := w.begin(batch); err != nil {
		for _, j := range batch {
			if j.take() {
				j.answer(unavailable(err))
			}
		}
		return nil
	}
	ran := make([]*job, 0, len(batch))
	for i, j := range batch {
		if !j.take() {
			continue
		}
		j.err = w.tx.try(j)
		if j.err != nil && !isLocal(j.err) {
			w.tx.rollback()
			j.answer(j.err)
			return append(ran, batch[i+1:]...)
		}
		ran = append(ran, j)
	}
	err := w.tx.commit()
	for _, j := range ran {
		if err != nil {
			j.err = unavailable(err) // nothing was written, or nobody knows
		}
		j.answer(j.err)
	}
	return nil
}

// begin opens the transaction; it waits for other processes while somebody waits for it.
func (w *writer) begin(batch []*job) error {
	for n := 1; ; n++ {
		_, err := w.tx.exec("BEGIN IMMEDIATE")
		if !isBusy(err) || n == beginAttempts || !anyWanted(batch) {
			return err
		}
	}
}

func anyWanted(batch []*job) bool {
	for _, j := range batch {
		if j.wanted() {
			return true
		}
	}
	return false
}

// stop ends the loop when it has answered what was queued.
func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.stopped
}

func (w *writer) close() error {
	w.stop()
	return errors.Join(w.tx.close(), w.db.Close())
}

// try runs one write of a batch. A panic in it is its own failure, not the writer's.
func (t *tx) try(j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a write panicked: %v", p)
		}
	}()
	if !j.many {
		return j.run(t)
	}
	if _, err := t.exec("SAVEPOINT one"); err != nil {
		return err
	}
	outcome := j.run(t)
	if outcome != nil && isLocal(outcome) {
		if _, err := t.exec("ROLLBACK TO one"); err != nil {
			return err
		}
	}
	if outcome == nil || isLocal(outcome) {
		if _, err := t.exec("RELEASE one"); err != nil {
			return err
		}
	}
	return outcome
}
