package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

const benchRecords = 2000

// populated returns a store with records of every kind that the hot paths read.
func populated(b *testing.B) *sqlite.Store {
	b.Helper()
	s := open(b, filepath.Join(b.TempDir(), "bench.db"))
	for i := range benchRecords {
		id := fmt.Sprintf("%022d", i)
		if err := errors.Join(
			s.StartSession(b.Context(), sampleSession(id)),
			s.CreateUser(b.Context(), sampleUser(id)),
		); err != nil {
			b.Fatal(err)
		}
	}
	key := identity.APIKey{ID: "key", Name: "shop", Kind: identity.Secret, Hash: make([]byte, 32), Scopes: identity.AllScopes(), CreatedAt: when}
	if err := s.CreateAPIKey(b.Context(), key); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return s
}

func BenchmarkSession(b *testing.B) {
	s := populated(b)
	readAll(b, func(ctx context.Context, id string) error { _, err := s.Session(ctx, id); return err })
}

func BenchmarkUser(b *testing.B) {
	s := populated(b)
	readAll(b, func(ctx context.Context, id string) error { _, err := s.User(ctx, id); return err })
}

func BenchmarkUserByIdentifier(b *testing.B) {
	s := populated(b)
	readAll(b, func(ctx context.Context, id string) error {
		_, err := s.UserByIdentifier(ctx, sampleUser(id).Identifiers[0])
		return err
	})
}

func BenchmarkAPIKey(b *testing.B) {
	s := populated(b)
	readAll(b, func(ctx context.Context, _ string) error { _, err := s.APIKey(ctx, "key"); return err })
}

func readAll(b *testing.B, read func(ctx context.Context, id string) error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // as requests have one
	defer cancel()
	for i := 0; b.Loop(); i++ {
		if err := read(ctx, fmt.Sprintf("%022d", i*7%benchRecords)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRotateSession(b *testing.B) {
	for _, writers := range []int{1, 4, 32} {
		b.Run(fmt.Sprintf("%d writers per core", writers), func(b *testing.B) {
			s := populated(b)
			var next atomic.Int64
			b.ResetTimer()
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				me := next.Add(1)
				for n := int64(1); pb.Next(); n++ {
					r := store.Rotation{SessionID: fmt.Sprintf("%022d", me), From: n, At: when, By: "binding", IdleUntil: when.Add(time.Hour)}
					if err := s.RotateSession(b.Context(), r); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	open(b, path)
	for b.Loop() {
		s, err := sqlite.Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
