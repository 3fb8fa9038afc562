package dialecttest

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// DriverWords returns words that would come from underneath, if they were in an answer.
func DriverWords() []string {
	return []string{"sql", "SQL", "mongo", "Mongo", "closed", "connection", "127.0.0.1", "topology", "server selection", "context", "deadline", ".db", "goroutine", "EOF"}
}

// Cuttable returns, for every kind of store, how to open an empty one that can be cut off.
func Cuttable() map[string]func(t testing.TB) (opener Opener, cut func()) {
	return map[string]func(t testing.TB) (opener Opener, cut func()){"sqlite": closing, "mongo": killing}
}

// closing returns a SQLite store and what takes its file away from under it.
func closing(t testing.TB) (opener Opener, cut func()) {
	t.Helper()
	var opened []store.Store
	open := SQLite(t)
	return func(t testing.TB, now func() time.Time) store.Store {
			db := open(t, now)
			opened = append(opened, db)
			return db
		}, func() {
			for _, db := range opened {
				_ = db.Close() // the node closes it once more
			}
		}
}

// killing returns a store on a MongoDB server of its own and what kills that.
func killing(t testing.TB) (opener Opener, cut func()) {
	t.Helper()
	server := mongotest.Start(t)
	return func(t testing.TB, now func() time.Time) store.Store {
		t.Helper()
		db, err := mongo.Open(t.Context(), server.URI, mongo.Options{Standalone: server.Standalone, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}, func() { server.Kill(t) }
}
