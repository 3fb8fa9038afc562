package sqlite

import (
	"encoding/json"
	"fmt"
	"time"
)

// millis returns a time as the tables keep it: milliseconds since 1970, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the inverse of millis.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// wholeMillis returns a time as it comes back from the tables, for records kept as JSON.
func wholeMillis(t time.Time) time.Time { return fromMillis(millis(t)) }

// instant scans a column of milliseconds into a time.
type instant time.Time

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is kept as %T", src)
	}
	*i = instant(fromMillis(ms))
	return nil
}

// words scans a JSON array of strings.
type words []string

// Scan implements sql.Scanner.
func (w *words) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("a list is kept as %T", src)
	}
	*w = nil
	if text == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(text), (*[]string)(w))
}

// list returns strings as a column keeps them.
func list(of []string) (string, error) {
	if len(of) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(of)
	return string(text), err
}

// blob returns bytes as a NOT NULL column keeps them: nil is empty, not NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
