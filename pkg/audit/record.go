package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// Kind marks a consequence that carries one event for the log.
const Kind identity.ConsequenceKind = "audit"

// Record returns the consequence that puts e into the log, to be written together with the
// change it describes. An event without an id gets a random one. The event must hold no
// secret and no personal data but the client's address: the log cannot be altered later.
func Record(e identity.Event) identity.Consequence {
	if e.ID == "" {
		e.ID = opaque.Random(opaque.IDLength)
	}
	data, err := encode(e)
	if err != nil {
		e.At = time.Time{} // the one thing JSON cannot say is a year beyond 9999
		data, _ = encode(e)
	}
	return identity.Consequence{ID: e.ID, Kind: Kind, DueAt: wholeMillis(e.At), Data: data}
}

// encode returns the bytes that are hashed, stored and exported: the same for equal events.
func encode(e identity.Event) ([]byte, error) {
	e.At = wholeMillis(e.At)
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("audit: encode event %s: %w", e.ID, err)
	}
	return data, nil
}

func decode(c identity.Consequence) (identity.Event, error) {
	var e identity.Event
	if err := json.Unmarshal(c.Data, &e); err != nil {
		return identity.Event{}, fmt.Errorf("audit: decode consequence %s: %w", c.ID, err)
	}
	return e, nil
}

func wholeMillis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
