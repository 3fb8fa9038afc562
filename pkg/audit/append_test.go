package audit_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestAppendChainsEvents(t *testing.T) {
	l, m := logOf(t, 2)
	if err := l.Append(t.Context(), []identity.Event{event("third")}); err != nil {
		t.Fatal(err)
	}
	if len(m.rows) != 3 || len(m.rows[0].Prev) != 0 || m.rows[2].ID != "third" {
		t.Fatalf("rows %+v", m.rows)
	}
	for i, row := range m.rows {
		if row.Seq != int64(i)+1 || i > 0 && !bytes.Equal(row.Prev, m.rows[i-1].Hash) {
			t.Errorf("row %d is entry %d and follows %x", i, row.Seq, row.Prev)
		}
	}
}

func TestAppendRecordsAnEventOnce(t *testing.T) {
	l, m := logOf(t, 2)
	batch := []identity.Event{event("evt0002"), event("evt0003"), event("evt0003"), event("evt0001")}
	for range 2 {
		if err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.rows) != 3 || m.rows[2].ID != "evt0003" || m.appends != 2 {
		t.Errorf("%d rows after %d appends, want 3 after 2", len(m.rows), m.appends)
	}
}

func TestAppendDoesNotRepeatWhatAnotherNodeAddsBetweenItsReads(t *testing.T) {
	l, m := logOf(t, 1)
	other := &audit.Log{Store: m, Key: l.Key}
	m.afterRead = func() {
		if err := other.Append(t.Context(), []identity.Event{event("both")}); err != nil {
			t.Error(err)
		}
	}
	if err := l.Append(t.Context(), []identity.Event{event("both"), event("mine")}); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Verify(t.Context()); err != nil || !r.OK || r.Events != 3 {
		t.Errorf("report %+v, %v, want three entries that hold", r, err)
	}
}

func TestAppendFromManyNodesMakesOneChain(t *testing.T) {
	m := &memory{}
	var wg sync.WaitGroup
	for node := range 6 {
		l := &audit.Log{Store: m, Key: []byte("shared")}
		wg.Go(func() {
			for i := range 20 { // every event is appended by two nodes
				e := event(fmt.Sprintf("evt-%d-%d", node/2, i))
				for errs := 0; ; errs++ {
					if err := l.Append(t.Context(), []identity.Event{e}); err == nil {
						break
					} else if errs > 100 {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	l := &audit.Log{Store: m, Key: []byte("shared")}
	if r, err := l.Verify(t.Context()); err != nil || !r.OK || r.Events != 60 {
		t.Errorf("report %+v, %v, want 60 entries that hold", r, err)
	}
}

func TestAppendGivesUpWhenOthersAlwaysComeFirst(t *testing.T) {
	_, m := logOf(t, 1)
	l := &audit.Log{Store: &contended{memory: m}, Key: []byte("a key of this test")}
	err := l.Append(t.Context(), []identity.Event{event("late")})
	if err == nil || fault.From(err).Kind != fault.Internal {
		t.Errorf("got %v, want an error", err)
	}
}

// contended is a log whose next place is always taken.
type contended struct{ *memory }

func (contended) AppendAudit(context.Context, ...identity.AuditEntry) error { return store.ErrExists }

func TestAppendReportsWhatTheStoreSays(t *testing.T) {
	l, m := logOf(t, 1)
	m.fail = store.ErrUnavailable
	if err := l.Append(t.Context(), []identity.Event{event("e")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Append: %v", err)
	}
	if r, err := l.Verify(t.Context()); !errors.Is(err, store.ErrUnavailable) || r.OK {
		t.Errorf("Verify: %+v, %v", r, err)
	}
	if err := l.Export(t.Context(), &bytes.Buffer{}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Export: %v", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	l, m := logOf(t, 0)
	if err := l.Append(t.Context(), []identity.Event{event("a"), event("")}); err == nil {
		t.Error("an event without an id was appended")
	}
	if err := (&audit.Log{Store: m}).Append(t.Context(), events(1)); err == nil {
		t.Error("a log without a key appends")
	}
	if _, err := (&audit.Log{Store: m}).Verify(t.Context()); err == nil {
		t.Error("a log without a key verifies")
	}
	if len(m.rows) != 0 {
		t.Errorf("%d rows", len(m.rows))
	}
}

func TestCarryOutEventsAppendsTheEventsOfABatch(t *testing.T) {
	l, m := logOf(t, 0)
	batch := []identity.Consequence{audit.Record(event("a")), audit.Record(event("b"))}
	for range 2 {
		if err := l.CarryOutEvents(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.rows) != 2 || m.rows[1].ID != "b" || !bytes.Equal(m.rows[1].Event, batch[1].Data) {
		t.Errorf("rows %+v", m.rows)
	}
	batch = append(batch, identity.Consequence{ID: "c", Kind: audit.Kind, Data: []byte(`"no event"`)})
	if err := l.CarryOutEvents(t.Context(), batch); err == nil || strings.Contains(err.Error(), "192.0.2.7") {
		t.Errorf("a consequence that holds no event: %v", err)
	}
}

func TestHashOfAnEntryStaysTheSameForEver(t *testing.T) {
	e := identity.AuditEntry{Seq: 2, ID: "evt", Event: []byte(`{"id":"evt"}`), Prev: bytes.Repeat([]byte{7}, 32)}
	const want = "2e1f46773d227d2a17b862fc7a8b5cf5f5d4af620692bce60681c6c9f32efca5"
	if got := hex.EncodeToString(audit.Sum([]byte("key"), e)); got != want {
		t.Errorf("got %s, want %s: entries written by earlier releases would no longer verify", got, want)
	}
}

func TestHashTellsEntriesApart(t *testing.T) {
	seen := map[string]string{}
	for name, e := range map[string]identity.AuditEntry{
		"the entry":                       {Seq: 1, ID: "ab", Event: []byte("cd"), Prev: []byte("xy")},
		"another place":                   {Seq: 2, ID: "ab", Event: []byte("cd"), Prev: []byte("xy")},
		"a byte moved from id to event":   {Seq: 1, ID: "a", Event: []byte("bcd"), Prev: []byte("xy")},
		"a byte moved from prev to id":    {Seq: 1, ID: "yab", Event: []byte("cd"), Prev: []byte("x")},
		"everything moved into the event": {Seq: 1, Event: []byte("xyabcd")},
	} {
		h := string(audit.Sum([]byte("key"), e))
		if other, ok := seen[h]; ok {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[h] = name
	}
}
