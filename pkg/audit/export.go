package audit

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// line is an entry as it is exported. Event has the very bytes that the hash covers.
type line struct {
	Seq   int64           `json:"seq"`
	Event json.RawMessage `json:"event"`
	Prev  string          `json:"prev"`
	Hash  string          `json:"hash"`
}

// Export writes the log as newline-delimited JSON, oldest first: seq, the event as an
// object, and prev and hash in hexadecimal. It does not verify. An event that was damaged so
// that it is no JSON any more is written as a string, and the export goes on.
func (l *Log) Export(ctx context.Context, w io.Writer) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false) // the event's bytes stay as they were hashed
	err := l.each(ctx, func(e identity.AuditEntry) error {
		if !json.Valid(e.Event) {
			e.Event, _ = json.Marshal(string(e.Event)) // a string can always be said
		}
		return enc.Encode(line{e.Seq, e.Event, hex.EncodeToString(e.Prev), hex.EncodeToString(e.Hash)})
	})
	if err == nil {
		err = buf.Flush()
	}
	if err != nil {
		return fmt.Errorf("audit: export: %w", err)
	}
	return nil
}

// errStop ends each early without an error.
var errStop = errors.New("stop")

// each calls f with every entry in order until f returns an error.
func (l *Log) each(ctx context.Context, f func(identity.AuditEntry) error) error {
	for from := int64(1); ; {
		entries, err := l.Store.AuditEntries(ctx, from, page)
		if err != nil {
			return fmt.Errorf("audit: read from entry %d: %w", from, err)
		}
		if len(entries) == 0 {
			return nil
		}
		for _, e := range entries {
			if err := f(e); errors.Is(err, errStop) {
				return nil
			} else if err != nil {
				return err
			}
		}
		next := entries[len(entries)-1].Seq + 1
		if next <= from {
			return nil // a place that was tampered with must not send us round in circles
		}
		from = next
	}
}
