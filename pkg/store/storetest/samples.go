package storetest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// at returns the suite's clock after d. It has milliseconds, and lies behind 2038.
func at(d time.Duration) time.Time {
	return time.Date(2100, time.March, 1, 12, 0, 0, int(789*time.Millisecond), time.UTC).Add(d)
}

func email(value string) identity.Identifier {
	return identity.Identifier{Kind: identity.EmailIdentifier, Value: value}
}

// newUser returns a plain user who holds these names.
func newUser(id string, names ...identity.Identifier) identity.User {
	return identity.User{
		ID:          id,
		Rev:         1,
		Identifiers: names,
		UserType:    identity.Customer,
		CreatedAt:   at(0),
		UpdatedAt:   at(0),
	}
}

// newSession returns a session that is idle after an hour and over after a day.
func newSession(id, userID string) identity.Session {
	return identity.Session{
		ID:         id,
		UserID:     userID,
		Epoch:      1,
		Secret:     []byte("secret of " + id),
		Counter:    1,
		AuthTime:   at(0),
		AMR:        []string{"pwd"},
		CreatedAt:  at(0),
		RotatedAt:  at(0),
		LastUsedAt: at(0),
		IdleUntil:  at(time.Hour),
		MaxUntil:   at(24 * time.Hour),
	}
}

// newInvitation returns an invitation with so many uses that expires after a day. Its code
// hash is codeOf(id).
func newInvitation(id string, uses int64) identity.Invitation {
	return identity.Invitation{
		ID:          id,
		CodeHash:    codeOf(id),
		MaxUses:     uses,
		Left:        uses,
		UserType:    identity.Customer,
		CreatedBy:   "cli",
		CreatedAt:   at(0),
		ExpiresAt:   at(24 * time.Hour),
		LastIssueAt: at(0),
	}
}

func codeOf(id string) []byte { return []byte("hash of the code of " + id) }

func newAPIKey(id string) identity.APIKey {
	return identity.APIKey{ID: id, Name: "app", Kind: identity.Secret, Hash: []byte("hash of " + id), CreatedAt: at(0)}
}

// follows returns a consequence that is due at once.
func follows(id string) identity.Consequence {
	return identity.Consequence{ID: id, Kind: "test", DueAt: at(0), Data: json.RawMessage(`{"of":"` + id + `"}`)}
}

// entries returns n audit entries from seq on whose event ids begin with who.
func entries(who string, seq int64, n int) []identity.AuditEntry {
	list := make([]identity.AuditEntry, n)
	for i := range list {
		id := fmt.Sprintf("%s-%d", who, seq)
		list[i] = identity.AuditEntry{Seq: seq, ID: id, Event: []byte(`{"id":"` + id + `"}`), Hash: hashOf(seq)}
		if seq > 1 {
			list[i].Prev = hashOf(seq - 1)
		}
		seq++
	}
	return list
}

func hashOf(seq int64) []byte { return fmt.Appendf(nil, "hash of entry %d", seq) }

func counter(key string) store.Counter { return store.Counter{Key: key, Window: time.Minute} }
