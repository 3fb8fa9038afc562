package file_test

import (
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/file"
)

func sample() mail.Letter {
	return mail.Letter{
		ID: "abc123", Kind: mail.VerifyEmail, From: "Gatehouse <no-reply@example.com>", To: "ada@example.com",
		Subject: "Grüße", Text: "Hello\n", HTML: "<p>Hello</p>", Date: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func TestAMailIsOneFileForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out", "mail")
	s := file.Sender{Dir: dir}
	for range 2 {
		if err := s.Send(t.Context(), sample()); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "abc123.eml" {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	f, err := os.Open(filepath.Join(dir, "abc123.eml"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := netmail.ReadMessage(f)
	if err != nil {
		t.Fatal(err)
	}
	if to := m.Header.Get("To"); !strings.Contains(to, "ada@example.com") || m.Header.Get("Message-Id") != "<abc123@example.com>" {
		t.Errorf("%v", m.Header)
	}
}

func TestAnIDThatWouldLeaveTheFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"", "../x", "a/b", "a.b", strings.Repeat("x", 100)} {
		l := sample()
		l.ID = id
		if err := (file.Sender{Dir: dir}).Send(t.Context(), l); err == nil {
			t.Errorf("%q was written", id)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("there are %v", entries)
	}
}

func TestAFolderThatCannotBeWrittenIsAnErrorAndLeavesNothing(t *testing.T) {
	place := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(place, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (file.Sender{Dir: place}).Send(t.Context(), sample()); err == nil {
		t.Error("a mail went into a file in place of a folder")
	}
}
