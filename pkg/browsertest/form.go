package browsertest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Elements are found as assistive technology finds them: by role and by accessible name, the
// whole name and in the same case. What is hidden from it is not found.

var (
	fields = []string{"textbox", "searchbox", "combobox", "spinbutton", "Date", "DateTime", "InputTime"}
	boxes  = []string{"checkbox", "radio", "switch"}
)

// Fill replaces what is in the field with that label, as if typed at once.
func (tab *Tab) Fill(label, text string) {
	tab.t.Helper()
	field := tab.find(label, fields...)
	tab.onNode(field, "function() { this.focus(); this.select?.() }")
	if text == "" {
		tab.Type(kb.Backspace)
		return
	}
	tab.do("fill "+label, call(input.InsertText, input.InsertTextParams{Text: text}))
}

// Press clicks the button with that name.
func (tab *Tab) Press(button string) {
	tab.t.Helper()
	tab.click(button, tab.find(button, "button"))
}

// Follow clicks the link with that text.
func (tab *Tab) Follow(link string) {
	tab.t.Helper()
	tab.click(link, tab.find(link, "link"))
}

// Toggle clicks the check box, radio button or switch with that label.
func (tab *Tab) Toggle(label string) {
	tab.t.Helper()
	tab.click(label, tab.find(label, boxes...))
}

// Type sends keys to what has the focus: text, or the constants of chromedp/kb, such as
// "\t" and "\r".
func (tab *Tab) Type(keys string) {
	tab.t.Helper()
	tab.do("type", chromedp.KeyEvent(keys))
}

// find waits until exactly one element has the name and one of the roles.
func (tab *Tab) find(name string, roles ...string) cdp.BackendNodeID {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, tab.patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for round := time.Second; ; {
		nodes, problem := query(ctx, round, name, roles)
		if problem == nil && len(nodes) == 1 {
			return nodes[0]
		}
		if errors.Is(problem, context.DeadlineExceeded) {
			round *= 2
		}
		count := len(nodes)
		select {
		case <-again.C: // a page that changes under the question is asked again
		case <-ctx.Done():
			page, _ := tab.evaluate("location.href + '\\n' + document.body?.innerText")
			tab.t.Fatalf("found %d of %q with the name %q, want one (%v), at %s%s", count, roles, name, problem, page, tab.record)
		}
	}
}

// query asks once. What is asked of a page that is being replaced may never be answered, so
// it does not wait for longer than a round.
func query(ctx context.Context, round time.Duration, name string, roles []string) ([]cdp.BackendNodeID, error) {
	ctx, cancel := context.WithTimeout(ctx, round)
	defer cancel()
	doc, err := chromedp.Call(ctx, dom.GetDocument, dom.GetDocumentParams{})
	if err != nil {
		return nil, err
	}
	tree, err := chromedp.Call(ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		BackendNodeID: doc.Root.BackendNodeID, AccessibleName: name,
	})
	if err != nil {
		return nil, err
	}
	var found []cdp.BackendNodeID
	for _, n := range tree.Nodes {
		if !n.Ignored && n.Role != nil && slices.ContainsFunc(roles, func(r string) bool { return string(n.Role.Value) == quote(r) }) {
			found = append(found, n.BackendDOMNodeID)
		}
	}
	return found, nil
}

// click moves the mouse there and clicks, so that what lies above gets the click.
func (tab *Tab) click(name string, node cdp.BackendNodeID) {
	tab.t.Helper()
	tab.do("scroll to "+name, call(dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}))
	quads, err := chromedp.Call(tab.ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node})
	if err != nil || len(quads.Quads) == 0 {
		tab.t.Fatalf("%s is nowhere on the page: %v", name, err)
	}
	q := quads.Quads[0]
	x, y := (q[0]+q[4])/2, (q[1]+q[5])/2
	tab.do("click "+name, chromedp.MouseEvent(chromedp.MouseMoved, x, y), chromedp.MouseClickXY(x, y))
}

func (tab *Tab) onNode(node cdp.BackendNodeID, function string) {
	tab.t.Helper()
	tab.do("reach the element", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		object, err := cdp.Call(ctx, target, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
			ObjectID: object.Object.ObjectID, FunctionDeclaration: function,
		})
		return err
	}))
}
