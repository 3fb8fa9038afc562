package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	// patience bounds every step on a page. It is generous: machines that run tests are busy.
	patience = 2 * time.Minute
	// onlyHere keeps the browser from every network but this machine's own.
	onlyHere = "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE *.localhost"
)

// Browser is one profile of a running browser: its tabs share storage, cookies, caches and
// locks, and share none of them with other profiles. It is not safe for concurrent use.
type Browser struct{ ctx context.Context }

// Start starts a browser process with an empty profile. Both are gone when the test ends.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := need(t, "no browser: neither GATEHOUSE_TEST_BROWSER, nor chromium, chromium-browser or google-chrome on the PATH", findBrowser)
	allocator, free := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), flags(path)...)
	ctx, stop := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // events newer than the library
	t.Cleanup(func() {
		stop() // kills the process it started, by its id, and removes the profile
		free()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

// Profile returns another empty profile of the same process, as if on another computer.
func (b *Browser) Profile(t testing.TB) *Browser {
	t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a profile: %v", err)
	}
	return &Browser{ctx: ctx}
}

func flags(path string) []chromedp.ExecAllocatorOption {
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	options = append(options, chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.Flag("host-resolver-rules", onlyHere))
	for _, name := range []string{"disable-quic", "disable-component-update", "no-proxy-server", "hide-scrollbars", "mute-audio"} {
		options = append(options, chromedp.Flag(name, true))
	}
	return append(options,
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,HttpsUpgrades,PasswordManagerOnboarding"),
		chromedp.WindowSize(1280, 800))
}

func findBrowser() string {
	if named, ok := os.LookupEnv("GATEHOUSE_TEST_BROWSER"); ok && named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// need returns what find finds. Without it the test is skipped, loudly, or fails if a browser
// is required.
func need(t testing.TB, missing string, find func() string) string {
	t.Helper()
	found := find()
	if found != "" {
		return found
	}
	if required, _ := os.LookupEnv("GATEHOUSE_REQUIRE_BROWSER"); required == "1" {
		t.Fatal(missing)
	}
	t.Skip("NOT RUN: " + missing)
	return ""
}
