package masterkey_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
)

func TestCreateThenLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "keys")
	path := filepath.Join(dir, "master.key")
	made, err := masterkey.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := masterkey.Load(path)
	if err != nil || !loaded.Equal(made) {
		t.Fatalf("another key was loaded, or none: %v", err)
	}
	again, err := masterkey.Create(path)
	if err != nil || !again.Equal(made) {
		t.Fatalf("the second Create made another key: %v", err)
	}
	mode(t, path, 0o600)
	mode(t, dir, 0o700)
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("more than the key is in the folder: %v", entries)
	}
}

func mode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != want {
		t.Errorf("%s: mode %v, want %v (%v)", path, i.Mode().Perm(), want, err)
	}
}

func TestCreateRaceHasOneWinner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "master.key")
	keys := make([]masterkey.Key, 16)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range keys {
		wg.Go(func() {
			<-start
			var err error
			if keys[i], err = masterkey.Create(path); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	for _, k := range keys {
		if !k.Equal(keys[0]) {
			t.Fatal("two callers got different keys")
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("the losers left files behind: %v", entries)
	}
}

func TestLoadRefuses(t *testing.T) {
	good := masterkeyText(t)
	for name, tc := range map[string]struct {
		make func(path string) error
		want []string
	}{
		"a file the group may read":     {file(good, 0o640), []string{"chmod 600", "0640"}},
		"a file everybody may read":     {file(good, 0o644), []string{"chmod 600", "0644"}},
		"a file everybody may write":    {file(good, 0o602), []string{"chmod 600"}},
		"an empty file":                 {file("", 0o600), []string{"empty", "backup"}},
		"garbage":                       {file("hunter2-hunter2", 0o600), []string{"32 bytes", "backup"}},
		"two keys":                      {file(good+good, 0o600), []string{"32 bytes"}},
		"more than a key file can hold": {file(strings.Repeat("A", 1<<20), 0o600), []string{"32 bytes"}},
		"a folder in its place":         {func(p string) error { return os.Mkdir(p, 0o700) }, []string{"regular file"}},
		"a symbolic link to a good file": {func(p string) error {
			if err := file(good, 0o600)(p + ".target"); err != nil {
				return err
			}
			return os.Symlink(p+".target", p)
		}, []string{"symbolic link"}},
		"a symbolic link to nowhere": {func(p string) error { return os.Symlink(p+".target", p) }, []string{"symbolic link"}},
		"a folder everybody may write to": {func(p string) error {
			return errors.Join(file(good, 0o600)(p), os.Chmod(filepath.Dir(p), 0o777))
		}, []string{"chmod 700"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "master.key")
			if err := tc.make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			_, loadErr := masterkey.Load(path)
			_, createErr := masterkey.Create(path)
			for _, err := range []error{loadErr, createErr} {
				if err == nil {
					t.Fatal("accepted")
				}
				for _, want := range append(tc.want, path) {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
				if strings.Contains(err.Error(), good[:8]) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error shows the content: %v", err)
				}
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("Create overwrote the file")
			}
		})
	}
}

// masterkeyText returns the text of a key file, made as the product makes it.
func masterkeyText(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := masterkey.Create(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func file(content string, mode fs.FileMode) func(string) error {
	return func(path string) error {
		return errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chmod(path, mode))
	}
}

func TestLoadSaysThatThereIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := masterkey.Load(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestCreateSaysWhyItCannot(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := file("x", 0o600)(blocked); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(blocked, "master.key")
	if k, err := masterkey.Create(path); err == nil || !k.IsZero() || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, %v", k, err)
	}
}
