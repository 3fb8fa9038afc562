package file_test

import (
	"context"
	"errors"
	"io/fs"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/file"
)

func letter() mail.Letter {
	return mail.Letter{
		ID: "abc123", From: "no-reply@id.example.com", To: "ada@example.com", Subject: "Hello", Text: "text", HTML: "<p>text</p>",
		Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func open(t *testing.T) (*file.Sender, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "mail")
	s, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestSendWritesOneFileALetter(t *testing.T) {
	s, dir := open(t)
	for range 2 { // as after a crash between sending and settling
		if err := s.Send(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
	}
	other := letter()
	other.ID = "def456"
	if err := s.Send(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, dir), " "); got != "abc123.eml def456.eml" {
		t.Fatalf("files: %s", got)
	}
	at := filepath.Join(dir, "abc123.eml")
	for path, want := range map[string]fs.FileMode{at: 0o600, dir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
	f, err := os.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := netmail.ReadMessage(f)
	if err != nil || m.Header.Get("To") != "<ada@example.com>" || m.Header.Get("Message-ID") != "<abc123@id.example.com>" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestSendLeavesNothingBehindWhenItFails(t *testing.T) {
	s, dir := open(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Send(ended, letter()); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	path := letter()
	path.ID = "../../abc"
	if err := s.Send(t.Context(), path); !errors.Is(err, mail.ErrRefused) {
		t.Errorf("an id that is a path: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "abc123.eml", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), letter()); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("a name that is taken: %v", err)
	}
	if got := strings.Join(names(t, dir), " "); got != "abc123.eml" {
		t.Errorf("files: %s", got)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), letter()); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("a folder that is gone: %v", err)
	}
}

func TestManySendAtOnce(t *testing.T) {
	s, dir := open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Send(t.Context(), letter()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := strings.Join(names(t, dir), " "); got != "abc123.eml" {
		t.Errorf("files: %s", got)
	}
}

func TestOpenSaysWhenThereCanBeNoFolder(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Open(taken); err == nil {
		t.Error("got no error")
	}
}
