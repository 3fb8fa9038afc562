package audit_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func TestVerifyFindsTheFirstBadEntry(t *testing.T) {
	for name, c := range map[string]struct {
		tamper func(m *memory)
		bad    int64
		good   int64
	}{
		"a whole log": {func(*memory) {}, 0, 9},
		"an empty log": {func(m *memory) {
			m.rows = nil
		}, 0, 0},
		"an altered event": {func(m *memory) {
			m.rows[3].Event = bytes.Replace(m.rows[3].Event, []byte("192.0.2.7"), []byte("192.0.2.8"), 1)
		}, 4, 3},
		"an altered hash": {func(m *memory) { m.rows[3].Hash[0] ^= 1 }, 4, 3},
		"an altered link": {func(m *memory) {
			m.rows[3].Prev = append([]byte{1}, m.rows[3].Prev[1:]...)
		}, 4, 3},
		"an altered id":               {func(m *memory) { m.rows[3].ID = "evt9999" }, 4, 3},
		"an altered last event":       {func(m *memory) { m.rows[8].Event = []byte("{}") }, 9, 8},
		"a deleted entry":             {func(m *memory) { m.rows = append(m.rows[:3], m.rows[4:]...) }, 4, 3},
		"a deleted first entry":       {func(m *memory) { m.rows = m.rows[1:] }, 1, 0},
		"a renumbered gap":            {renumberedGap, 4, 3},
		"two entries exchanged":       {func(m *memory) { m.rows[3], m.rows[4] = m.rows[4], m.rows[3] }, 4, 3},
		"two contents exchanged":      {contentsExchanged, 4, 3},
		"an entry that is twice":      {func(m *memory) { m.rows = append(m.rows[:4], m.rows[3:]...) }, 4, 4},
		"an event that is twice":      {repeated, 10, 9},
		"an entry of a restored copy": {ofAnotherBranch, 10, 9},
		"a forged entry":              {func(m *memory) { forge(m, []byte("guessed key")) }, 10, 9},
		"a chain of another key":      {func(m *memory) { m.rows = nil; forge(m, []byte("guessed key")) }, 1, 0},
		"the id of another event":     {otherID, 10, 9},
	} {
		t.Run(name, func(t *testing.T) {
			l, m := logOf(t, 9)
			c.tamper(m)
			r, err := l.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.OK != (c.bad == 0) || r.BadSeq != c.bad || r.Events != c.good || (r.Problem == "") != r.OK {
				t.Errorf("report %+v, want entry %d to be bad and %d good", r, c.bad, c.good)
			}
		})
	}
}

func TestVerifySaysWhatIsWrong(t *testing.T) {
	for want, tamper := range map[string]func(m *memory){
		"missing":                      func(m *memory) { m.rows = append(m.rows[:3], m.rows[4:]...) },
		"out of order":                 func(m *memory) { m.rows = append(m.rows[:4], m.rows[3:]...) },
		"altered":                      func(m *memory) { m.rows[3].Event = []byte("{}") },
		"follow":                       ofAnotherBranch,
		"repeats the event of entry 2": repeated,
		"different ids":                otherID,
	} {
		t.Run(want, func(t *testing.T) {
			l, m := logOf(t, 9)
			tamper(m)
			if r, err := l.Verify(t.Context()); err != nil || !strings.Contains(r.Problem, want) {
				t.Errorf("report %+v, %v", r, err)
			}
		})
	}
}

func renumberedGap(m *memory) {
	m.rows = append(m.rows[:3], m.rows[4:]...)
	for i := range m.rows {
		m.rows[i].Seq = int64(i) + 1
	}
}

func contentsExchanged(m *memory) {
	m.rows[3], m.rows[4] = m.rows[4], m.rows[3]
	m.rows[3].Seq, m.rows[4].Seq = 4, 5
}

// forge appends an entry with a chain of its own key.
func forge(m *memory, key []byte) {
	e := identity.AuditEntry{Seq: int64(len(m.rows)) + 1, ID: "forged", Event: []byte(`{"id":"forged"}`)}
	if n := len(m.rows); n > 0 {
		e.Prev = m.rows[n-1].Hash
	}
	e.Hash = audit.Sum(key, e)
	m.rows = append(m.rows, e)
}

// repeated chains the second event again, as a faulty node with the right key would.
func repeated(m *memory) {
	e := identity.AuditEntry{Seq: 10, ID: m.rows[1].ID, Event: m.rows[1].Event, Prev: m.rows[8].Hash}
	e.Hash = audit.Sum([]byte("a key of this test"), e)
	m.rows = append(m.rows, e)
}

// ofAnotherBranch appends an entry that a copy of the log got in the same place.
func ofAnotherBranch(m *memory) {
	e := identity.AuditEntry{Seq: 10, ID: "evt0010", Event: []byte(`{"id":"evt0010"}`), Prev: m.rows[7].Hash}
	e.Hash = audit.Sum([]byte("a key of this test"), e)
	m.rows = append(m.rows, e)
}

// otherID chains an entry whose id is not that of its event.
func otherID(m *memory) {
	e := identity.AuditEntry{Seq: 10, ID: "evt0010", Event: []byte(`{"id":"evt0011"}`), Prev: m.rows[8].Hash}
	e.Hash = audit.Sum([]byte("a key of this test"), e)
	m.rows = append(m.rows, e)
}

func TestVerifyReadsEveryPage(t *testing.T) {
	l, m := logOf(t, 2*audit.Page+1)
	r, err := l.Verify(t.Context())
	if err != nil || !r.OK || r.Events != 2*audit.Page+1 {
		t.Fatalf("report %+v, %v", r, err)
	}
	if r.Head != hex.EncodeToString(m.rows[2*audit.Page].Hash) {
		t.Errorf("head %s", r.Head)
	}
	m.rows[audit.Page].Event = []byte(`{"id":"evt0501"}`)
	if r, _ = l.Verify(t.Context()); r.BadSeq != audit.Page+1 {
		t.Errorf("report %+v, want the first entry of the second page", r)
	}
}

func TestHeadTellsThatTheNewestEntriesWereCutOff(t *testing.T) {
	l, m := logOf(t, 9)
	before, _ := l.Verify(t.Context())
	m.rows = m.rows[:7]
	after, _ := l.Verify(t.Context())
	if !after.OK || after.Head == before.Head || after.Events != 7 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestExportWritesOneEntryALine(t *testing.T) {
	l, m := logOf(t, audit.Page+2)
	m.rows[1].Event = []byte(`{"id`)
	m.rows[2].Event = []byte(`{"id":"<&>"}`)
	var out bytes.Buffer
	if err := l.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(&out)
	n := 0
	for ; lines.Scan(); n++ {
		var got struct {
			Seq        int64
			Event      json.RawMessage
			Prev, Hash string
		}
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		want := m.rows[n]
		if n == 1 {
			want.Event = []byte(`"{\"id"`)
		}
		if got.Seq != want.Seq || got.Prev != hex.EncodeToString(want.Prev) || got.Hash != hex.EncodeToString(want.Hash) {
			t.Fatalf("line %d: %s", n+1, lines.Text())
		}
		if diff := cmp.Diff(string(want.Event), string(got.Event)); diff != "" {
			t.Fatalf("line %d does not have the bytes that were hashed (-want +got):\n%s", n+1, diff)
		}
	}
	if n != audit.Page+2 {
		t.Errorf("%d lines, want %d", n, audit.Page+2)
	}
}

func TestExportEndsWhenALaterPlaceWasTamperedWith(t *testing.T) {
	l, m := logOf(t, 3)
	m.rows[2].Seq = math.MaxInt64
	var out bytes.Buffer
	if err := l.Export(t.Context(), &out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 3 {
		t.Errorf("%d lines, %v", bytes.Count(out.Bytes(), []byte("\n")), err)
	}
}

func TestExportReportsAWriterThatFails(t *testing.T) {
	l, _ := logOf(t, 3)
	if err := l.Export(t.Context(), brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

var errBroken = errors.New("the pipe is broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }
