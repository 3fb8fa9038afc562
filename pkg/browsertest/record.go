package browsertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// Message is something that a page or the browser reported.
type Message struct {
	// Kind is "exception", or "console" or "browser" with the level, such as "console error".
	// Failed requests and violations of the content security policy are browser errors.
	Kind string
	Text string
	URL  string // where it came from, as far as known
}

// String returns the message on one line.
func (m Message) String() string { return strings.TrimSpace(m.Kind + ": " + m.Text + " " + m.URL) }

func (m Message) bad() bool {
	switch m.Kind {
	case "exception", "console error", "console assert", "browser error":
		return true
	}
	return false
}

// Request is something that a page asked the network for, redirects included.
type Request struct {
	Method   string
	URL      string // with the query, without the fragment
	Referrer string
	Kind     string // Document, Script, Fetch, ... as developer tools name them
	Header   map[string]string
}

// record keeps what the browser tells about one tab.
type record struct {
	mu       sync.Mutex
	messages []Message
	requests []Request
}

func (r *record) take(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		r.messages = append(r.messages, Message{Kind: "console " + string(e.Type), Text: argsText(e.Args)})
	case *runtime.EventExceptionThrown:
		r.messages = append(r.messages, Message{Kind: "exception", Text: exceptionText(e.ExceptionDetails), URL: e.ExceptionDetails.URL})
	case *log.EventEntryAdded:
		r.messages = append(r.messages, Message{Kind: "browser " + string(e.Entry.Level), Text: e.Entry.Text, URL: e.Entry.URL})
	case *network.EventRequestWillBeSent:
		q := Request{Method: e.Request.Method, URL: e.Request.URL, Kind: string(e.Type), Header: map[string]string{}}
		for name, value := range e.Request.Headers {
			q.Header[strings.ToLower(name)] = fmt.Sprint(value)
		}
		q.Referrer = q.Header["referer"]
		r.requests = append(r.requests, q)
	}
}

// String returns the messages, for failures.
func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out strings.Builder
	for _, m := range r.messages {
		out.WriteString("\n  " + m.String())
	}
	return out.String()
}

// Messages returns what the page and the browser have reported since the tab was opened.
func (tab *Tab) Messages() []Message {
	tab.t.Helper()
	tab.catchUp()
	tab.record.mu.Lock()
	defer tab.record.mu.Unlock()
	return slices.Clone(tab.record.messages)
}

// Requests returns what the pages of the tab have asked the network for.
func (tab *Tab) Requests() []Request {
	tab.t.Helper()
	tab.catchUp()
	tab.record.mu.Lock()
	defer tab.record.mu.Unlock()
	return slices.Clone(tab.record.requests)
}

// Clean fails the test if there was an exception, an error on the console, a failed request
// or a violation of the content security policy, except those that contain one of the texts.
func (tab *Tab) Clean(except ...string) {
	tab.t.Helper()
	for _, m := range tab.Messages() {
		line := m.String()
		if m.bad() && !slices.ContainsFunc(except, func(part string) bool { return strings.Contains(line, part) }) {
			tab.t.Errorf("the page is not clean: %s", line)
		}
	}
}

// catchUp waits for the events of what has happened already: they arrive in order.
func (tab *Tab) catchUp() { _, _ = tab.evaluate("0") }

func argsText(args []*runtime.RemoteObject) string {
	var parts []string
	for _, a := range args {
		text := a.Description
		if text == "" {
			text = jsonText(a.Value)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func exceptionText(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	if d.Exception != nil && len(d.Exception.Value) > 0 {
		return d.Text + " " + jsonText(d.Exception.Value)
	}
	return d.Text
}

// jsonText returns a JSON string as text and any other value as JSON.
func jsonText(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
