package inbox_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/inbox"
)

const clickable = `<!doctype html><html><head><title>x</title></head><body><a href="https://id.example.com/x">"click"</a></body></html>`

func letter(id, to string) mail.Letter {
	return mail.Letter{
		ID: id, Kind: mail.ResetPassword, From: "Söhne <no-reply@id.example.com>", To: to, Subject: "Subject <b>" + id,
		Text: "Hello <i>,\nhttps://id.example.com/x?token=a&b=1\n\nhttps://id.example.com/x?token=a&b=1 http://localhost:8080/y",
		HTML: clickable, Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func filled(t *testing.T, letters ...mail.Letter) *inbox.Inbox {
	t.Helper()
	b := &inbox.Inbox{}
	for _, l := range letters {
		if err := b.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func get(t *testing.T, b *inbox.Inbox, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", inbox.Path+path, nil))
	if w.Header().Get("Cache-Control") != "no-store" || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none';") {
		t.Errorf("%s has headers %v", path, w.Header())
	}
	return w
}

func ids(t *testing.T, b *inbox.Inbox, query string) []string {
	t.Helper()
	var items []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(get(t, b, ".json"+query).Body.Bytes(), &items); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, i := range items {
		out = append(out, i.ID)
	}
	return out
}

func TestProgramsReadEverything(t *testing.T) {
	w := get(t, filled(t, letter("a1", "Ada@example.com")), ".json")
	var got []map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	l := letter("a1", "")
	want := []map[string]any{{
		"id": "a1", "kind": "reset_password", "from": l.From, "to": "Ada@example.com", "subject": l.Subject, "text": l.Text,
		"html": l.HTML, "links": []any{"https://id.example.com/x?token=a&b=1", "http://localhost:8080/y"}, "date": "2026-03-01T12:00:00Z",
	}}
	if diff := cmp.Diff(want, got); diff != "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := get(t, filled(t), ".json").Body.String(); strings.TrimSpace(got) != "[]" {
		t.Errorf("an empty inbox is %s", got)
	}
}

func TestNewestFirstAndOneRecipient(t *testing.T) {
	b := filled(t, letter("a1", "ada@example.com"), letter("b1", "bob@MÜNCHEN.example"), letter("a2", "ADA@example.com"))
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"", []string{"a2", "b1", "a1"}},
		{"?to=Ada@Example.com", []string{"a2", "a1"}},
		{"?to=bob@xn--mnchen-3ya.example", []string{"b1"}},
		{"?to=nobody@example.com", []string{}},
		{"?to=ada", []string{}},
	} {
		if diff := cmp.Diff(c.want, ids(t, b, c.query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.query, diff)
		}
	}
}

func TestItKeepsTheNewest(t *testing.T) {
	b := filled(t)
	for i := range 250 {
		_ = b.Send(t.Context(), letter(fmt.Sprintf("m%03d", i), "ada@example.com"))
	}
	again := letter("m249", "ada@example.com")
	again.Subject = "again"
	_ = b.Send(t.Context(), again)
	got := ids(t, b, "")
	if len(got) != 200 || got[0] != "m249" || got[199] != "m050" || !strings.Contains(get(t, b, ".json").Body.String(), `"again"`) {
		t.Errorf("%d kept, from %s to %s", len(got), got[0], got[len(got)-1])
	}
}

func TestThePagesEscapeWhatTheyShow(t *testing.T) {
	b := filled(t, letter("a1", "ada@example.com"), letter("b1", "bob@example.com"))
	for path, parts := range map[string][]string{
		"":         {`http-equiv="refresh"`, "Subject &lt;b&gt;a1", "Subject &lt;b&gt;b1", `href="/dev/mail/b1"`},
		"/a1":      {"Subject &lt;b&gt;a1", `href="https://id.example.com/x?token=a&amp;b=1"`, "Hello &lt;i&gt;,", `sandbox="allow-popups allow-popups-to-escape-sandbox"`},
		"/a1/html": {strings.Replace(clickable, "<head>", `<head><base target="_blank">`, 1)},
		".css":     {"prefers-color-scheme"},
	} {
		w := get(t, b, path)
		for _, part := range parts {
			if w.Code != 200 || !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s (%d) lacks %s:\n%s", path, w.Code, part, w.Body)
			}
		}
		if strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), "Zgotmpl") {
			t.Errorf("%s runs scripts, or lacks a value", path)
		}
	}
	if policy := get(t, b, "/a1/html").Header().Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox allow-popups") || strings.Contains(policy, "allow-scripts") {
		t.Errorf("a mail may do too much: %s", policy)
	}
	for _, path := range []string{"/gone", "/gone/html"} {
		if w := get(t, b, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestManyUseItAtOnce(t *testing.T) {
	b := filled(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_ = b.Send(t.Context(), letter(fmt.Sprintf("m%d", i), "ada@example.com"))
			get(t, b, "")
		})
	}
	wg.Wait()
	if n := len(ids(t, b, "")); n != 8 {
		t.Errorf("%d letters", n)
	}
}
