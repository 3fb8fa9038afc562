package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// walFrame is the size of the smallest frame of a write-ahead log behind its header.
const (
	walHeader = 32
	walFrame  = 24 + 512
)

// prepare makes the folder, and refuses a path at which a database would be unsafe. It never
// opens the database itself: closing a file takes away the locks that SQLite holds on it in
// the same process (https://www.sqlite.org/howtocorrupt.html 2.2).
func prepare(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("sqlite: the folder of the database: %w", err)
	}
	v, err := volumeOf(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	if v.network != "" {
		return "", fmt.Errorf("sqlite: %s lies on a network filesystem (%s), where SQLite loses data: "+
			"put it on a local disk, or use MongoDB", path, v.network)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		if err := ownFile(name); err != nil {
			return "", fmt.Errorf("sqlite: %w", err)
		}
	}
	return path, checkLog(path + "-wal")
}

// makeFolder makes dir and what is missing above it. A folder that exists is the operator's
// and stays as it is.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", dir)
		}
		return nil
	}
	if err := makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // another process was first
		}
		return err
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a folder needs its x bit; the umask may have taken more than others' rights
}

// ownFile takes the rights of others away from a file that is there.
func ownFile(name string) error {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link: name the file itself", name)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case info.Mode().Perm() == 0o600:
		return nil
	}
	return os.Chmod(name, 0o600)
}

// writable refuses what this process cannot write: SQLite would open it and fail later.
func writable(names ...string) error {
	for _, name := range names {
		if err := unix.Access(name, unix.W_OK); err != nil {
			return fmt.Errorf("%s cannot be written by this process: %w", name, err)
		}
	}
	return nil
}

// checkLog refuses a write-ahead log whose header is gone: SQLite would take it for an empty
// one and forget what was committed. No crash leaves such a log, because with synchronous=FULL
// the header is on disk before the first frame is written.
func checkLog(name string) error {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0) //nolint:gosec // the operator's own path
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if info.Size() < walHeader+walFrame {
		return nil
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(f, head); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	// https://www.sqlite.org/fileformat2.html#walformat: the last bit is the byte order.
	if binary.BigEndian.Uint32(head)&^1 != 0x377f0682 {
		return damaged(name, errors.New("the header of the write-ahead log is gone"))
	}
	return nil
}

// damaged returns the error for a file that must not be used.
func damaged(path string, cause error) error {
	return fmt.Errorf("sqlite: %s is damaged: %w\n"+
		"Nothing was changed. To restore: stop every Gatehouse process, move the database and the files "+
		"beside it that end in -wal and -shm away, copy your newest backup to the database's place and start again",
		path, cause)
}

// syncFolder makes a rename inside dir durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFile makes the content of a file durable.
func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW, 0) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
