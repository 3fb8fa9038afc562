package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is one page. Each step waits until it can be done and ends the test when that takes
// more than two minutes. A Tab belongs to the goroutine of its test.
type Tab struct {
	t        testing.TB
	ctx      context.Context
	cancel   context.CancelFunc
	record   *record
	patience time.Duration
}

// Tab opens an empty tab in a window of its own, visible and focused. It closes with the test.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	tab := &Tab{t: t, record: &record{}, patience: patience}
	tab.ctx, tab.cancel = chromedp.NewContext(b.ctx, chromedp.WithListener(tab.record.take))
	t.Cleanup(tab.cancel)
	if err := chromedp.Do(tab.ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	tab.do("focus the tab", call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	return tab
}

// Close closes the tab before the test ends.
func (tab *Tab) Close() { tab.cancel() }

// Open goes to an address and returns when the page and what it loads are there.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	tab.do("open "+url, chromedp.Navigate(url))
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.do("reload", chromedp.Reload())
}

// URL returns the address of the page as the address bar shows it.
func (tab *Tab) URL() string {
	tab.t.Helper()
	var url string
	tab.Eval("location.href", &url)
	return url
}

// History returns the addresses that going back and forth in the tab leads to, oldest first.
func (tab *Tab) History() []string {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, tab.patience)
	defer cancel()
	history, err := chromedp.Run(ctx, chromedp.NavigationEntries())
	if err != nil {
		tab.t.Fatalf("read the history: %v", err)
	}
	var out []string
	for _, entry := range history.Entries {
		out = append(out, entry.URL)
	}
	return out
}

// Text waits for an element and returns its visible text.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	var text string
	tab.WaitFor("document.querySelector(" + quote(selector) + ")")
	tab.Eval("document.querySelector("+quote(selector)+").innerText.trim()", &text)
	return text
}

// Eval evaluates JavaScript in the page, waits for the promise if it is one, and decodes the
// value into v, unless v is nil. An exception ends the test.
func (tab *Tab) Eval(js string, v any) {
	tab.t.Helper()
	raw, err := tab.evaluate(js)
	if err != nil {
		tab.t.Fatalf("%s: %v%s", js, err, tab.record)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(raw, v); err != nil {
		tab.t.Fatalf("%s is %s: %v", js, raw, err)
	}
}

// WaitFor waits until a JavaScript condition, which may be a promise, holds in the page. A
// condition that throws does not hold yet. The page may be replaced meanwhile.
func (tab *Tab) WaitFor(js string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, tab.patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond) // here and not in the page, whose timers stand still without scripts
	defer again.Stop()
	once := "(async () => { try { return Boolean(await (" + js + ")) } catch { return false } })()"
	for round := 4 * time.Second; ; {
		attempt, done := context.WithTimeout(ctx, round)
		holds, err := chromedp.Run(attempt, chromedp.Evaluate[bool](once, chromedp.EvalAwaitPromise))
		late := attempt.Err() != nil
		done()
		switch {
		case err == nil && holds:
			return
		case late: // what is asked of a page that is being replaced may never be answered
			round *= 2
		case err != nil && !replaced(err):
			tab.t.Fatalf("wait for %s: %v", js, err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			at, _ := tab.evaluate("location.href + '\\n' + document.body?.innerText")
			tab.t.Fatalf("this did not come true in %s: %s\nat %s%s", tab.patience, js, at, tab.record)
		}
	}
}

// replaced reports whether an evaluation ended because the page gave way to another.
func replaced(err error) bool {
	for _, sign := range []string{"Inspected target navigated", "Execution context was destroyed", "Cannot find context", "Promise was collected"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}

// evaluate returns the JSON of a value.
func (tab *Tab) evaluate(js string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(tab.ctx, tab.patience)
	defer cancel()
	yes := true
	out, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: js, AwaitPromise: &yes, ReturnByValue: &yes})
	switch {
	case err != nil:
		return nil, err
	case out.ExceptionDetails != nil:
		return nil, fmt.Errorf("exception: %s", exceptionText(out.ExceptionDetails))
	case len(out.Result.Value) == 0:
		return json.RawMessage("null"), nil
	}
	return json.RawMessage(out.Result.Value), nil
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, tab.patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v%s", what, err, tab.record)
	}
}

// call makes a step of a protocol command whose result does not matter.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

func quote(s string) string {
	raw, _ := json.Marshal(s) // a string always has a JSON form
	return string(raw)
}
