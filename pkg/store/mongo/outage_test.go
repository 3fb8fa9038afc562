package mongo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// everyCall returns one call of each method; on an empty store many would find nothing.
func everyCall(s *mongo.Store) map[string]func(context.Context) error {
	c := identity.Consequence{ID: "c", DueAt: start}
	due := store.Due{Consequence: c, Holder: "users/u"}
	return map[string]func(context.Context) error{
		"CreateUser":       func(ctx context.Context) error { return s.CreateUser(ctx, user("u", "a@example.com"), c) },
		"User":             func(ctx context.Context) error { _, err := s.User(ctx, "u"); return err },
		"UserByIdentifier": func(ctx context.Context) error { _, err := s.UserByIdentifier(ctx, email("a@example.com")); return err },
		"UpdateUser":       func(ctx context.Context) error { return s.UpdateUser(ctx, user("u", "b@example.com")) },
		"RemoveUser":       func(ctx context.Context) error { return s.RemoveUser(ctx, "u", 1) },
		"Users":            func(ctx context.Context) error { _, err := s.Users(ctx, "", 5); return err },
		"SearchUsers": func(ctx context.Context) error {
			_, _, err := s.SearchUsers(ctx, store.UserQuery{Words: []string{"a"}, Limit: 5})
			return err
		},
		"StartSession":     func(ctx context.Context) error { return s.StartSession(ctx, identity.Session{ID: "s"}) },
		"Session":          func(ctx context.Context) error { _, err := s.Session(ctx, "s"); return err },
		"SessionAndUser":   func(ctx context.Context) error { _, _, err := s.SessionAndUser(ctx, "s"); return err },
		"RotateSession":    func(ctx context.Context) error { return s.RotateSession(ctx, store.Rotation{SessionID: "s"}) },
		"EndSession":       func(ctx context.Context) error { return s.EndSession(ctx, "s", start, identity.EndedByLogout) },
		"EndUserSessions":  func(ctx context.Context) error { _, err := s.EndUserSessions(ctx, "u", 1, "", start, ""); return err },
		"UserSessions":     func(ctx context.Context) error { _, err := s.UserSessions(ctx, "u", start); return err },
		"CreateInvitation": func(ctx context.Context) error { return s.CreateInvitation(ctx, identity.Invitation{ID: "i"}) },
		"Invitation":       func(ctx context.Context) error { _, err := s.Invitation(ctx, "i"); return err },
		"ReissueInvitation": func(ctx context.Context) error {
			_, err := s.ReissueInvitation(ctx, "i", nil, start, start)
			return err
		},
		"RevokeInvitation": func(ctx context.Context) error { return s.RevokeInvitation(ctx, "i", start) },
		"Invitations": func(ctx context.Context) error {
			_, err := s.Invitations(ctx, store.InvitationFilter{Limit: 5})
			return err
		},
		"ReserveUse":        func(ctx context.Context) error { _, err := s.ReserveUse(ctx, "i", nil, "u", start); return err },
		"ConfirmUse":        func(ctx context.Context) error { return s.ConfirmUse(ctx, "i", "u") },
		"FreeUse":           func(ctx context.Context) error { return s.FreeUse(ctx, "i", "u") },
		"StaleUses":         func(ctx context.Context) error { _, err := s.StaleUses(ctx, start, 5); return err },
		"CreateAPIKey":      func(ctx context.Context) error { return s.CreateAPIKey(ctx, identity.APIKey{ID: "k"}) },
		"APIKey":            func(ctx context.Context) error { _, err := s.APIKey(ctx, "k"); return err },
		"APIKeys":           func(ctx context.Context) error { _, err := s.APIKeys(ctx); return err },
		"RevokeAPIKey":      func(ctx context.Context) error { return s.RevokeAPIKey(ctx, "k", start) },
		"TouchAPIKey":       func(ctx context.Context) error { return s.TouchAPIKey(ctx, "k", start) },
		"KeySet":            func(ctx context.Context) error { _, err := s.KeySet(ctx); return err },
		"the first key set": func(ctx context.Context) error { return s.SwapKeySet(ctx, 0, []byte("x")) },
		"another key set":   func(ctx context.Context) error { return s.SwapKeySet(ctx, 1, []byte("x")) },
		"Hit": func(ctx context.Context) error {
			_, err := s.Hit(ctx, start, store.Counter{Key: "k", Window: 1})
			return err
		},
		"Peek":          func(ctx context.Context) error { _, err := s.Peek(ctx, start, store.Counter{Key: "k"}); return err },
		"Forget":        func(ctx context.Context) error { return s.Forget(ctx, "k") },
		"Record":        func(ctx context.Context) error { return s.Record(ctx, c) },
		"ClaimDue":      func(ctx context.Context) error { _, err := s.ClaimDue(ctx, start, 1, 5); return err },
		"Settle":        func(ctx context.Context) error { return s.Settle(ctx, due) },
		"Postpone":      func(ctx context.Context) error { return s.Postpone(ctx, due, start) },
		"AppendAudit":   func(ctx context.Context) error { return s.AppendAudit(ctx, identity.AuditEntry{Seq: 1}) },
		"LastAudit":     func(ctx context.Context) error { _, err := s.LastAudit(ctx); return err },
		"AuditRecorded": func(ctx context.Context) error { _, err := s.AuditRecorded(ctx, "e"); return err },
		"AuditEntries":  func(ctx context.Context) error { _, err := s.AuditEntries(ctx, 0, 5); return err },
		"Ping":          s.Ping,
		"Sweep":         func(ctx context.Context) error { _, err := s.Sweep(ctx, start); return err },
		"Describe":      func(ctx context.Context) error { _, err := s.Describe(ctx); return err },
	}
}

// unavailable ends the test unless every call says within half a minute that nobody knows.
func unavailable(t *testing.T, s *mongo.Store) {
	t.Helper()
	var wg sync.WaitGroup
	for name, call := range everyCall(s) {
		wg.Go(func() {
			begun := time.Now()
			err := call(t.Context())
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) ||
				errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrStale) {
				t.Errorf("%s says %v, want ErrUnavailable", name, err)
			}
		})
	}
	wg.Wait()
}

func TestAnOutageIsNeverAnAbsenceAndHealsByItself(t *testing.T) {
	server := mongotest.Start(t)
	s, err := mongo.Open(t.Context(), server.URI, mongo.Options{Standalone: server.Standalone, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.CreateUser(t.Context(), user("u", "a@example.com")); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	unavailable(t, s)
	server.Restart(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for s.Ping(ctx) != nil {
		if ctx.Err() != nil {
			t.Fatal("the store does not answer a minute after the server came back")
		}
	}
	if err := s.CreateUser(t.Context(), user("later", "later@example.com")); err != nil {
		t.Fatal(err)
	}
}
