package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var _ store.Store = (*Store)(nil)

// Store keeps everything in one file. Its methods are safe for concurrent use, by several
// processes too.
type Store struct {
	path    string // absolute
	version string // of SQLite
	inode   os.FileInfo
	writer  *writer
	readers *readers
	damage  atomic.Pointer[error] // set once SQLite has called the file damaged
	records *records              // decoded sessions and users

	mu     sync.Mutex // guards what follows
	lock   *os.File   // held by LockExclusive
	closed bool
}

// Open opens the database at path, and makes it, with the folder it lies in, when there is
// neither a file nor a trace of one. The database, its -wal and its -shm are readable by
// their owner only, whatever the umask says; a folder that it makes has mode 0700.
//
// The first start on a database of a version without a search takes some 7 s for each 100,000
// accounts, to make them findable.
//
// It returns an error that tells an operator what to do when the file is damaged, is of a
// newer schema, is not Gatehouse's, is a symbolic link, cannot be written or lies on a
// network filesystem; such a file is left as it is.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := prepare(path)
	if err != nil {
		return nil, err
	}
	if err := createIfMissing(ctx, path); err != nil {
		return nil, err
	}
	s := &Store{path: path, records: newRecords()}
	if s.version, err = inspect(ctx, path); err != nil {
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context) (err error) {
	if s.inode, err = os.Lstat(s.path); err != nil {
		return err
	}
	if s.writer, err = openWriter(ctx, s.path); err != nil {
		return err
	}
	if s.readers, err = openReaders(s.path); err != nil {
		return errors.Join(err, s.writer.close())
	}
	if err = s.catchUp(ctx); err != nil {
		return errors.Join(err, s.readers.close(), s.writer.close())
	}
	return nil
}

// Close answers the writes that wait, moves the write-ahead log into the database, gives the
// server lock back and releases the file. A second call does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.writer.stop()
	// Another process may be reading; the log is then left to the last one that closes.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.readers.checkpoint(ctx, "TRUNCATE")
	err := errors.Join(s.readers.close(), s.writer.close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
