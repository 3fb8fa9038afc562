package browsertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Size sets the size of the page in CSS pixels.
func (tab *Tab) Size(width, height int64) {
	tab.t.Helper()
	tab.do("resize", chromedp.EmulateViewport(width, height))
}

// Prefer sets what the person has asked for in a media feature, for example
// ("prefers-color-scheme", "dark") or ("prefers-reduced-motion", "reduce"), and takes back
// what was set before.
func (tab *Tab) Prefer(feature, value string) {
	tab.t.Helper()
	tab.do("set "+feature, call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	}))
}

// Scripts turns the JavaScript of pages on or off from the next page on.
func (tab *Tab) Scripts(on bool) {
	tab.t.Helper()
	tab.do("switch scripts", call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
}

// Language sets the Accept-Language header, for example "de-CH,de,en".
func (tab *Tab) Language(accept string) {
	tab.t.Helper()
	var agent string
	tab.Eval("navigator.userAgent", &agent)
	tab.do("set the language", call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: accept}))
}

// BeforePages runs JavaScript in every page from the next one on, before its own scripts, for
// example to take a feature of the browser away.
func (tab *Tab) BeforePages(js string) {
	tab.t.Helper()
	tab.do("prepare pages", call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js}))
}

// Shot writes a picture of the whole page, name.png, to the folder that GATEHOUSE_TEST_SHOTS
// names. Without the variable it does nothing.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	folder, ok := os.LookupEnv("GATEHOUSE_TEST_SHOTS")
	if !ok || folder == "" {
		return
	}
	png, err := chromedp.Run(tab.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		tab.t.Fatalf("take a picture: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		tab.t.Fatal(err)
	}
}
