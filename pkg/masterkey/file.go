package masterkey

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile bounds what is read of a file that may be anything.
const maxFile = 1 << 10

// Load reads a key from a file. It refuses a file that is no regular file (a symbolic link
// among them), that others than its owner may read or write, that lies in a folder everybody
// may write to, or that does not hold exactly one key; the error names the file and the fix.
// It wraps fs.ErrNotExist when there is no such file (OWASP ASVS 13.3.1).
func Load(path string) (Key, error) {
	f, err := openPrivate(path)
	if err != nil {
		return Key{}, fmt.Errorf("master key file %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return Key{}, fmt.Errorf("master key file %s: %w", path, err)
	}
	k, err := Parse(string(content))
	if err != nil {
		return Key{}, fmt.Errorf("master key file %s: %w; restore the file from a backup (without its key the signing keys in the store are lost)", path, err)
	}
	return k, nil
}

func openPrivate(path string) (*os.File, error) {
	named, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := checkFile(path, named); err != nil {
		return nil, err
	}
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(named, opened) {
		err = errors.New("it was replaced while it was being read; start again")
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func checkFile(path string, i fs.FileInfo) error {
	switch {
	case i.Mode()&fs.ModeSymlink != 0:
		return errors.New("it is a symbolic link; put the file itself there, or name its target")
	case !i.Mode().IsRegular():
		return errors.New("it is not a regular file; name a file that holds the key")
	case i.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("others than its owner may use it (mode %04o); run: chmod 600 %s", i.Mode().Perm(), path)
	}
	return nil
}

// checkFolder refuses a folder in which anybody can put another file in the key's place. The
// sticky bit, as on /tmp, forbids that.
func checkFolder(dir string) error {
	i, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if i.Mode().Perm()&0o002 != 0 && i.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("everybody may write to its folder (mode %04o); run: chmod 700 %s", i.Mode().Perm(), dir)
	}
	return nil
}
