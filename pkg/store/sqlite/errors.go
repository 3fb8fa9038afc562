package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var (
	errClosed = errors.New("sqlite: the store is closed")
	errDamage = errors.New("the check of the file failed")
)

// unavailable says that the outcome of a call is unknown or the store cannot be reached.
func unavailable(cause error) error {
	return store.ErrUnavailable.With(fmt.Errorf("sqlite: %w", cause))
}

// explain turns an error of the driver into one of the contract. A store that SQLite calls
// damaged is remembered as such: Ping then fails for good.
func (s *Store) explain(err error) error {
	if isDamage(err) {
		s.damage.CompareAndSwap(nil, &err)
	}
	switch {
	case err == nil, isAnswer(err), errors.Is(err, store.ErrUnavailable):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	case isTaken(err):
		return store.ErrExists
	default:
		return unavailable(err)
	}
}

// isAnswer reports whether err is an outcome that the contract names.
func isAnswer(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrStale)
}

// isTaken reports whether err says that a key or unique name is there already.
func isTaken(err error) bool {
	switch resultCode(err) {
	case lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_ROWID:
		return true
	default:
		return false
	}
}

// isDamage reports whether err says that the file cannot be trusted.
func isDamage(err error) bool {
	code := resultCode(err) & 0xff
	return errors.Is(err, errDamage) || code == lib.SQLITE_CORRUPT || code == lib.SQLITE_NOTADB
}

// isBusy reports whether err says that another process kept the lock for too long.
func isBusy(err error) bool { return resultCode(err)&0xff == lib.SQLITE_BUSY }

// isLocal reports whether the transaction stands as it did before the write that returned
// err: an outcome of the contract, or a constraint, which undoes its own statement only.
func isLocal(err error) bool {
	return isAnswer(err) || errors.Is(err, sql.ErrNoRows) || resultCode(err)&0xff == lib.SQLITE_CONSTRAINT
}

// resultCode returns SQLite's extended result code, 0 when err does not come from SQLite.
func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
