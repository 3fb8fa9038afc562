package audit_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func TestRecordCarriesTheEvent(t *testing.T) {
	in := event("evt1")
	in.At = time.Date(2026, 3, 1, 14, 0, 0, 123_456_789, time.FixedZone("CET", 7200))
	c := audit.Record(in)
	want := in
	want.At = time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC)
	var got identity.Event
	if err := json.Unmarshal(c.Data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if c.ID != "evt1" || c.Kind != audit.Kind || !c.DueAt.Equal(want.At) || c.Attempts != 0 {
		t.Errorf("consequence %+v", c)
	}
}

func TestRecordNamesAnEventWithoutAnID(t *testing.T) {
	a, b := audit.Record(event("")), audit.Record(event(""))
	if len(a.ID) < 20 || a.ID == b.ID {
		t.Errorf("ids %q and %q", a.ID, b.ID)
	}
	var e identity.Event
	if err := json.Unmarshal(a.Data, &e); err != nil || e.ID != a.ID {
		t.Errorf("the event is called %q, its consequence %q: %v", e.ID, a.ID, err)
	}
}

func TestRecordLosesNoEventToAnImpossibleTime(t *testing.T) {
	e := event("evt1")
	e.At = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := audit.Record(e)
	var got identity.Event
	if err := json.Unmarshal(c.Data, &got); err != nil || got.ID != "evt1" || got.Actor != e.Actor {
		t.Errorf("got %+v, %v", got, err)
	}
}
