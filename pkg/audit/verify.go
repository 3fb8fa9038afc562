package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// page is how many entries are read at a time.
const page = 500

// Report is what came of verifying the log.
type Report struct {
	Events  int64  `json:"events"` // entries that hold, from the first on
	OK      bool   `json:"ok"`
	BadSeq  int64  `json:"badSeq,omitempty"`  // the place of the first entry that does not hold
	Problem string `json:"problem,omitempty"` // what is wrong there, for a person
	Head    string `json:"head,omitempty"`    // hash of the last entry that holds: keep it elsewhere to notice that the newest entries were cut off
}

// Verify reads the whole log, in pages, and reports the first entry that is missing, out of
// place, altered or a repetition. Entries that are appended meanwhile are read as well. It
// needs about 50 bytes of memory an entry. The error is the store's; a broken chain is none.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	if len(l.Key) == 0 {
		return Report{}, errNoKey
	}
	c := checker{key: l.Key, seen: make(map[idHash]int64)}
	var r Report
	err := l.each(ctx, func(e identity.AuditEntry) error {
		if r.BadSeq, r.Problem = c.check(e); r.Problem != "" {
			return errStop
		}
		r.Events = e.Seq
		r.Head = hex.EncodeToString(e.Hash)
		return nil
	})
	r.OK = err == nil && r.Problem == ""
	return r, err
}

// idHash stands for an event id in less memory.
type idHash [16]byte

// checker holds what the entries so far say of the next one.
type checker struct {
	key  []byte
	last identity.AuditEntry
	seen map[idHash]int64
}

// check returns the place of the problem and what it is, empty when the entry holds.
func (c *checker) check(e identity.AuditEntry) (int64, string) {
	want := c.last.Seq + 1
	switch {
	case e.Seq > want:
		return want, "the entry is missing"
	case e.Seq < want:
		return e.Seq, "the entry is out of order"
	case !hmac.Equal(e.Prev, c.last.Hash):
		return e.Seq, "the entry does not follow the one before it"
	case !hmac.Equal(e.Hash, sum(c.key, e)):
		return e.Seq, "the entry was altered, or the key is another one"
	}
	var event identity.Event
	if err := json.Unmarshal(e.Event, &event); err != nil || event.ID != e.ID {
		return e.Seq, "the entry and its event have different ids"
	}
	h := sha256.Sum256([]byte(e.ID))
	id := idHash(h[:16])
	if first, ok := c.seen[id]; ok {
		return e.Seq, fmt.Sprintf("the entry repeats the event of entry %d", first)
	}
	c.seen[id], c.last = e.Seq, e
	return 0, ""
}
