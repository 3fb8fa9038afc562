package identity

import (
	"encoding/json"
	"time"
)

// Event is one security-relevant fact for the audit log: who did what to whom, when and from
// where. It never carries a secret, and names users by id only, so that erasing a user's
// record leaves no personal data behind but the address of the client.
type Event struct {
	ID      string            `json:"id"` // unique; recording the same id twice records it once
	At      time.Time         `json:"at"`
	Type    string            `json:"type"`              // snake_case, listed in docs/security.md
	Actor   string            `json:"actor"`             // "user:<id>", "key:<id>", "cli" or "system"
	Subject string            `json:"subject,omitempty"` // whom or what it happened to, spelled as Actor is
	Session string            `json:"session,omitempty"` // the public id of the session it happened in
	IP      string            `json:"ip,omitempty"`
	Detail  map[string]string `json:"detail,omitempty"`
}

// AuditEntry is an event in its place in the hash chain.
type AuditEntry struct {
	Seq   int64  `json:"seq"` // 1, 2, 3, ... without gaps
	ID    string `json:"id"`  // the event's id
	Event []byte `json:"event"`
	Prev  []byte `json:"prev"` // Hash of entry Seq-1; empty for the first
	Hash  []byte `json:"hash"`
}

// ConsequenceKind says which service carries a consequence out.
type ConsequenceKind string

// Consequence is work that follows from a change. It is written together with the change,
// in one atomic write, carried out by a relay on any node, at least once, and then removed.
// Whoever carries it out is idempotent by ID.
type Consequence struct {
	ID       string          `json:"id"`
	Kind     ConsequenceKind `json:"kind"`
	DueAt    time.Time       `json:"due_at"`   // not to be tried before
	Attempts int64           `json:"attempts"` // how often it has been claimed
	Data     json.RawMessage `json:"data"`     // what the kind needs: one JSON value
}
