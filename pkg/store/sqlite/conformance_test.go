package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
	"github.com/gatehouse-id/gatehouse/pkg/store/storetest"
)

func TestConformance(t *testing.T) {
	about, err := open(t, filepath.Join(t.TempDir(), "about.db")).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	version, _, _ := strings.Cut(about, " at ")
	t.Log("store suite: " + version)
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "test.db")) })
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
