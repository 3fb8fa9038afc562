package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// rules are the success criteria of WCAG 2.2, levels A and AA, as axe-core tags them.
const rules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]`

// violation is what axe-core reports of one broken rule.
type violation struct {
	ID      string `json:"id"`
	Impact  string `json:"impact"`
	Help    string `json:"help"`
	HelpURL string `json:"helpUrl"`
	Nodes   []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Accessible fails the test if axe-core finds the page, as it is now, in violation of WCAG
// 2.2 A or AA. It finds what a machine can find, which is less than half of it.
func (tab *Tab) Accessible() {
	tab.t.Helper()
	script, err := os.ReadFile(need(tab.t, "no axe-core: run `npm ci --prefix pkg/browsertest`", findAxe))
	if err != nil {
		tab.t.Fatal(err)
	}
	if _, err := tab.evaluate("(() => { " + string(script) + "\n})()"); err != nil {
		tab.t.Fatalf("load axe-core: %v", err)
	}
	var found []violation
	tab.Eval(`axe.run(document, {runOnly: {type: "tag", values: `+rules+`}, resultTypes: ["violations"]}).then(r => r.violations)`, &found)
	for _, v := range found {
		tab.t.Errorf("not accessible: %s", v)
	}
}

// String returns what is wrong, where, and where to read about it.
func (v violation) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s (%s): %s\n  %s", v.ID, v.Impact, v.Help, v.HelpURL)
	for _, n := range v.Nodes {
		fmt.Fprintf(&out, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n    "))
	}
	return out.String()
}

// findAxe looks below the module's root, which is above the folder of every test.
func findAxe() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			axe := filepath.Join(dir, "pkg", "browsertest", "node_modules", "axe-core", "axe.min.js")
			if _, err := os.Stat(axe); err == nil {
				return axe
			}
			return ""
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}
