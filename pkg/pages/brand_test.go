package pages_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/pages"
)

const (
	svg = `<?xml version="1.0"?><!-- a logo --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40" onload="parent.executed=1">` +
		`<script>parent.executed=1</script><rect width="160" height="40" rx="8" fill="#00563f"/></svg>`
	png = "\x89PNG\r\n\x1a\n rest"
)

func logo(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logo")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestALogoIsWhatItsContentSays(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"PNG", png, "image/png"},
		{"JPEG", "\xff\xd8\xff\xe0 rest", "image/jpeg"},
		{"WebP", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"},
		{"SVG", svg, "image/svg+xml"},
		{"a page", "<!doctype html><p><svg xmlns='http://www.w3.org/2000/svg'></svg>", ""},
		{"a page that is XML", `<html xmlns="http://www.w3.org/1999/xhtml"><svg/></html>`, ""},
		{"an SVG without its name space", "<svg></svg>", ""},
		{"half an SVG", svg[:120], ""},
		{"a script", "alert(1)", ""},
		{"nothing", "", ""},
		{"a PNG that is too large", png + strings.Repeat("x", 256<<10), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pages.ReadLogo(logo(t, c.content))
			if got.Type != c.want || (err == nil) != (c.want != "") || err == nil && string(got.Content) != c.content {
				t.Errorf("got %q, %v", got.Type, err)
			}
		})
	}
	if _, err := pages.ReadLogo(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestABadLogoStopsTheStart(t *testing.T) {
	cfg, err := config.FromEnv([]string{"GATEHOUSE_BRAND_LOGO=" + logo(t, "alert(1)"), "GATEHOUSE_KEY_DIR=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }
	a, err := app.Open(t.Context(), cfg, app.Options{Store: dialecttest.SQLite(t)(t, now), Now: now})
	if err == nil {
		_ = a.Close(context.WithoutCancel(t.Context())) // it should not be there
	}
	if err == nil || !strings.Contains(err.Error(), "GATEHOUSE_BRAND_LOGO") {
		t.Errorf("%v", err)
	}
}

func TestABrandIsShown(t *testing.T) {
	t.Parallel()
	s := start(t, "GATEHOUSE_BRAND_NAME=Acme <b> & Söhne", "GATEHOUSE_BRAND_COLOR=#00563f", "GATEHOUSE_BRAND_LOGO="+logo(t, svg))
	page := get(t, s, "/account/sign-in")
	has(t, page, 200, "<title>Sign in – Acme &lt;b&gt; &amp; Söhne</title>", `<img src="/account/logo" alt="Acme &lt;b&gt; &amp; Söhne"`)
	r := get(t, s, "/account/logo")
	has(t, r, 200, svg)
	for name, want := range map[string]string{
		"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	tab := browsertest.Start(t).Tab(t)
	for _, scheme := range []string{"light", "dark"} {
		tab.Prefer("prefers-color-scheme", scheme)
		tab.Open(s.URL + "/account/sign-in")
		tab.WaitFor("document.images[0].complete && document.images[0].naturalWidth > 0 && window.executed === undefined")
		tab.Accessible()
		tab.Shot("pages-brand-" + scheme)
	}
	tab.Clean()
	has(t, get(t, start(t), "/account/logo"), 404)
}

func TestWhatPagesLoadIsKeptForGood(t *testing.T) {
	s := start(t, "GATEHOUSE_BRAND_COLOR=#7a1fa2")
	path := regexp.MustCompile(`/account/assets/pages\.[0-9a-f]{16}\.css`).FindString(get(t, s, "/account/sign-in").Body)
	r := get(t, s, path)
	has(t, r, 200, "--brand:#7a1fa2;")
	if r.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%s", r.Header)
	}
	if other := regexp.MustCompile(`/account/assets/pages\.[0-9a-f]{16}\.css`).FindString(get(t, start(t), "/account/sign-in").Body); other == path {
		t.Error("another colour has the same path")
	}
	r = get(t, s, "/account/assets/pages.0000000000000000.css")
	if r.Status != 200 || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("of another version: %d %s", r.Status, r.Header)
	}
	for _, name := range []string{"pages.css.js", "pages", "x.0000000000000000.css", "pages.0000000000000000.svg"} {
		if r := get(t, s, "/account/assets/"+name); r.Status != 404 {
			t.Errorf("%s: %d", name, r.Status)
		}
	}
}

func TestEveryBrandCanBeReadOnDark(t *testing.T) {
	bright := regexp.MustCompile(`--brand-bright:(#[0-9a-f]{6});`)
	for _, brand := range []string{"#2454c7", "#000000", "#00563f", "#7a1fa2", "#b00020", "#595959", "#0000ff"} {
		got := bright.FindStringSubmatch(pages.Colors(brand))
		if got == nil || pages.Contrast(got[1], pages.DarkCard) < 5 {
			t.Errorf("%s becomes %q", brand, got)
		}
	}
	if c := pages.Contrast("#000000", "#ffffff"); c != 21 {
		t.Errorf("black on white is %v", c)
	}
}

func TestWaitingInWords(t *testing.T) {
	for _, c := range []struct {
		d      time.Duration
		en, de string
	}{
		{0, "a moment", "einem Moment"},
		{time.Millisecond, "a second", "einer Sekunde"},
		{30 * time.Second, "30 seconds", "30 Sekunden"},
		{61 * time.Second, "2 minutes", "2 Minuten"},
		{15 * time.Minute, "15 minutes", "15 Minuten"},
		{time.Hour + time.Second, "2 hours", "2 Stunden"},
		{24 * time.Hour, "24 hours", "24 Stunden"},
	} {
		if en, de := pages.Wait(locale.Match("en"), c.d), pages.Wait(locale.Match("de"), c.d); en != c.en || de != c.de {
			t.Errorf("%s: %q, %q", c.d, en, de)
		}
	}
}
