package masterkey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create returns the key in the file, making the file (mode 0600) and its folder (mode 0700)
// when they are missing. A file that is there is never overwritten, not even a broken one:
// then Create fails as Load does. Of processes that race, one writes the key and all return
// it. When Create returns without an error the key survives a power cut.
func Create(path string) (Key, error) {
	k, err := Load(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	k, err = create(path)
	if errors.Is(err, fs.ErrExist) {
		return Load(path) // another process was faster; its key is the key
	}
	if err != nil {
		return Key{}, fmt.Errorf("master key file %s: cannot make it: %w", path, err)
	}
	return k, nil
}

func create(path string) (Key, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Key{}, err
	}
	if err := checkFolder(dir); err != nil {
		return Key{}, err
	}
	k := New()
	temp, err := writeTemp(dir, k)
	if err != nil {
		return Key{}, err
	}
	// A link, not a rename: it appears at once and whole like a rename, and fails when the
	// name is taken.
	err = os.Link(temp, path)
	if rmErr := os.Remove(temp); err == nil {
		err = rmErr
	}
	if err != nil {
		return Key{}, err
	}
	return k, errors.Join(syncFolder(dir), syncFolder(filepath.Dir(dir)))
}

// writeTemp puts the key on the disk under a name nobody else has.
func writeTemp(dir string, k Key) (string, error) {
	f, err := os.CreateTemp(dir, ".master-*.tmp") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(k.encode() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the folder of a file the operator names
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
