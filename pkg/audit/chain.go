package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// sum returns the hash of an entry: HMAC-SHA256 over its place, its predecessor's hash, its
// id and its event. Each part is preceded by its length, so that no two entries have the
// same input.
func sum(key []byte, e identity.AuditEntry) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("gatehouse audit entry 1\x00"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(e.Seq))) //nolint:gosec // Seq counts from 1
	for _, part := range [][]byte{e.Prev, []byte(e.ID), e.Event} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// link returns the entry that follows last; the zero entry stands before the first.
func link(key []byte, last identity.AuditEntry, id string, event []byte) identity.AuditEntry {
	e := identity.AuditEntry{Seq: last.Seq + 1, ID: id, Event: event, Prev: last.Hash}
	e.Hash = sum(key, e)
	return e
}
