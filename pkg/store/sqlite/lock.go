package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// LockExclusive makes the caller the one server of this file, until Close. It returns an
// error when another server has it. Commands that open the file beside a server do not call
// it. The lock is a flock on "<path>.lock" and ends with the process, however that ends.
func (s *Store) LockExclusive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.lock != nil {
		return nil
	}
	name := s.path + ".lock"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := takeLock(f); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("sqlite: another Gatehouse server is using %s: stop it first; "+
				"several servers need MongoDB as their store", s.path)
		}
		return fmt.Errorf("sqlite: lock %s: %w", name, err)
	}
	s.lock = f
	return nil
}

func takeLock(f *os.File) error {
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = raw.Control(func(fd uintptr) {
		locked = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	})
	return errors.Join(err, locked)
}
