package dialecttest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

// Opener opens one more connection to one store, as a node of its own would.
type Opener func(t testing.TB, now func() time.Time) store.Store

// EachStore runs f over every kind of store, each time over an empty one. Where no MongoDB can
// be had, that run says so and is skipped, or fails if GATEHOUSE_REQUIRE_MONGO is set.
func EachStore(t *testing.T, f func(t *testing.T, open Opener)) {
	t.Helper()
	EachKind(t, func(t *testing.T, fresh func(testing.TB) Opener) { f(t, fresh(t)) })
}

// EachKind is EachStore for tests that need many empty stores.
func EachKind(t *testing.T, f func(t *testing.T, fresh func(testing.TB) Opener)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite) })
	t.Run("mongo", func(t *testing.T) { f(t, Mongo) })
}

// SQLite returns the opener of a new database file.
func SQLite(t testing.TB) Opener {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	return func(t testing.TB, _ func() time.Time) store.Store {
		t.Helper()
		db, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
}

// Mongo returns the opener of a new MongoDB database.
func Mongo(t testing.TB) Opener {
	t.Helper()
	uri := mongotest.URI(t)
	return func(t testing.TB, now func() time.Time) store.Store {
		t.Helper()
		db, err := mongo.Open(t.Context(), uri, mongo.Options{Standalone: mongotest.Standalone(t), Now: now, Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
}
