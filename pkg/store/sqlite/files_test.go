package sqlite_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

func TestFilesAreTheOwnersWhateverTheUmaskSays(t *testing.T) {
	for name, mask := range map[string]int{"umask 000": 0, "umask 022": 0o022, "umask 477": 0o477} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "var", "deep", "gatehouse.db")
			old := syscall.Umask(mask)
			defer syscall.Umask(old)
			s := open(t, path)
			if err := s.LockExclusive(); err != nil {
				t.Fatal(err)
			}
			if err := s.StartSession(t.Context(), sampleSession("s")); err != nil {
				t.Fatal(err)
			}
			if err := s.Backup(t.Context(), path+".backup"); err != nil {
				t.Fatal(err)
			}
			for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
				wantMode(t, dir, fs.ModeDir|0o700)
			}
			for _, suffix := range []string{"", "-wal", "-shm", ".lock", ".backup"} {
				wantMode(t, path+suffix, 0o600)
			}
		})
	}
}

func wantMode(t *testing.T, name string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != want {
		t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
	}
}

func TestOpenTakesOthersRightsFromAFileAndLeavesTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "gatehouse.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	wantMode(t, path, 0o600)
	wantMode(t, dir, fs.ModeDir|0o750)
}

func TestOpenLeavesNothingButTheDatabase(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, filepath.Join(dir, "gatehouse.db")).Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestOpenRefusesPathsThatAreNotSafe(t *testing.T) {
	cases := map[string]struct {
		make func(t *testing.T, dir string) (path string)
		want string
	}{
		"the database is a symbolic link": {
			func(t *testing.T, dir string) string {
				_ = open(t, filepath.Join(dir, "real.db")).Close()
				link(t, "real.db", filepath.Join(dir, "link.db"))
				return filepath.Join(dir, "link.db")
			}, "symbolic link",
		},
		"the symbolic link leads nowhere": {
			func(t *testing.T, dir string) string {
				link(t, "nowhere", filepath.Join(dir, "link.db"))
				return filepath.Join(dir, "link.db")
			}, "symbolic link",
		},
		"the log beside it is a symbolic link": {
			func(t *testing.T, dir string) string {
				path := filepath.Join(dir, "gatehouse.db")
				_ = open(t, path).Close()
				link(t, "elsewhere", path+"-wal")
				return path
			}, "symbolic link",
		},
		"a folder is at the path": {
			func(_ *testing.T, dir string) string { return dir }, "not a regular file",
		},
		"a file is where the folder should be": {
			func(t *testing.T, dir string) string {
				write(t, filepath.Join(dir, "file"), []byte("x"))
				return filepath.Join(dir, "file", "gatehouse.db")
			}, "not a folder",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			refused(t, c.make(t, t.TempDir()), c.want)
		})
	}
}

// refused ends the test unless Open fails and says why.
func refused(t *testing.T, path, why string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err == nil {
		_ = s.Close()
		t.Fatalf("Open accepted %s", path)
	}
	if !strings.Contains(err.Error(), why) {
		t.Fatalf("got error %q, want one that says %q", err, why)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
