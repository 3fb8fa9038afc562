package flowless_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// atFault returns the names of the members that an answer says are wrong.
func atFault(t *testing.T, r dialecttest.Response) string {
	t.Helper()
	var a struct{ Errors []struct{ Field string } }
	r.JSON(t, &a)
	var names []string
	for _, e := range a.Errors {
		if !slices.Contains(names, e.Field) {
			names = append(names, e.Field)
		}
	}
	return strings.Join(names, ", ")
}

func TestABodyThatCanBeReadInTwoWaysIsNotRead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	s.FlowlessRegister(t, "ada@example.com", "engines weave numbers")
	for _, c := range dialecttest.BrokenBodies() {
		for _, path := range []string{"/flowless/auth/register", "/flowless/auth/login"} {
			t.Run(c.Name+" to "+path, func(t *testing.T) {
				r := s.Do(t, dialecttest.Request{Path: path, Body: c.Body})
				if r.Status != 400 || r.Code() != strings.ToUpper(c.Code) || atFault(t, r) != c.Field {
					t.Errorf("got %d %s, want 400 %s for %q", r.Status, r.Body, c.Code, c.Field)
				}
				r.FlowlessError(t)
			})
		}
	}
	all, err := s.App.Accounts.List(t.Context(), "", 10)
	if err != nil || len(all) != 1 {
		t.Errorf("there are %d accounts, %v", len(all), err)
	}
}

// TestRubbishIsRefusedByName puts rubbish into every member of every request that has a body.
func TestRubbishIsRefusedByName(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	w := newWorld(t, s)
	before := everybody(t, s)
	for _, ask := range asks() {
		q := w.good(t, ask)
		line, _, _ := strings.Cut(ask, "\n")
		if q.Body == "" {
			continue
		}
		t.Run(line, func(t *testing.T) {
			whole := func(name, body, contentType string, status int) {
				bad := q
				bad.Body, bad.Type = body, contentType
				bad.Header = maps.Clone(q.Header)
				if contentType != "" {
					delete(bad.Header, "Content-Type")
				}
				r := s.Do(t, bad)
				if r.Status != status {
					t.Errorf("%s: %d %s, want %d", name, r.Status, r.Body, status)
				}
				r.FlowlessError(t)
			}
			if q.Type != "" { // a picture
				whole("JSON", `{"picture":"x"}`, "application/json", 415)
				whole("no form", "x", q.Type, 400)
				return
			}
			for name, body := range map[string]string{"no JSON": "{", "a list": "[]", "null": "null", "a text": `"x"`, "two objects": "{}{}"} {
				whole(name, body, "", 400)
			}
			for _, contentType := range dialecttest.OtherTypes()[1:] {
				whole("of type "+contentType, q.Body, contentType, 415)
			}
			whole("too long", q.Body+strings.Repeat(" ", 64<<10), "", 413)
			var members map[string]any
			if err := json.Unmarshal([]byte(q.Body), &members); err != nil {
				t.Fatal(err)
			}
			for _, name := range append(slices.Collect(maps.Keys(members)), "isAdmin", "$where", "__proto__", "localId", "sort") {
				for _, value := range []string{`7`, `["x"]`, `{"$ne":null}`, `{"$gt":""}`, `1e999`, `[[[]]]`} {
					bad := maps.Clone(members)
					bad[name] = json.RawMessage(value)
					refusedByName(t, s, q, name, value, bad)
				}
			}
		})
	}
	if diff := cmp.Diff(before, everybody(t, s)); diff != "" {
		t.Errorf("somebody has changed:\n%s", diff)
	}
}

// refusedByName sends a body with one bad member.
func refusedByName(t *testing.T, s *dialecttest.Server, q dialecttest.Request, name, value string, members map[string]any) {
	t.Helper()
	var text strings.Builder
	text.WriteString("{")
	for i, n := range slices.Sorted(maps.Keys(members)) { // 1e999 is no value that could be encoded
		if i > 0 {
			text.WriteString(",")
		}
		raw, ok := members[n].(json.RawMessage)
		if !ok {
			raw, _ = json.Marshal(members[n]) // it was read from JSON
		}
		text.WriteString(dialecttest.JSON(n) + ":" + string(raw))
	}
	q.Body = text.String() + "}"
	r := s.Do(t, q)
	if r.Status != 400 || atFault(t, r) != name || !strings.Contains(r.FlowlessError(t), name) {
		t.Errorf("%s as %s: %d %s", name, value, r.Status, r.Body)
	}
}

// everybody returns all accounts as they are stored.
func everybody(t *testing.T, s *dialecttest.Server) any {
	t.Helper()
	all, err := s.App.Accounts.List(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestABodyMustSayWhatItIs sends encodings that nothing takes.
func TestABodyMustSayWhatItIs(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	w := newWorld(t, s)
	for _, encoding := range dialecttest.Encodings() {
		for _, ask := range asks() {
			q := w.good(t, ask)
			if q.Body == "" {
				continue
			}
			q.Header["Content-Encoding"] = encoding
			if r := s.Do(t, q); r.Status != 415 || r.Code() != "UNSUPPORTED_MEDIA_TYPE" {
				t.Errorf("%s %s as %s: %d %s", q.Method, q.Path, encoding, r.Status, r.Body)
			}
		}
	}
}
