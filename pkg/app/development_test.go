package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
)

// developing opens a service as `serve --dev` does, or as `serve` does.
func developing(t *testing.T, dev bool) *app.App {
	t.Helper()
	dir := t.TempDir()
	cfg, err := config.FromEnv([]string{"GATEHOUSE_STORE=" + filepath.Join(dir, "db"), "GATEHOUSE_KEY_DIR=" + dir})
	if err == nil && dev {
		cfg, err = cfg.Dev()
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), cfg, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(t.Context()) })
	return a
}

func get(a *app.App, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestADevelopmentServerHasAnInboxAndAnExample(t *testing.T) {
	a := developing(t, true)
	creds, err := a.PrepareDev(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct{ mediaType, part string }{
		"/dev/mail":       {"text/html", "Development inbox"},
		"/dev/mail.json":  {"application/json", "[]"},
		"/dev/mail.css":   {"text/css", "color-scheme"},
		"/app/":           {"text/html", "Example app"},
		"/app/app.js":     {"text/javascript", "createClient"},
		"/app/style.css":  {"text/css", "color-scheme"},
		"/client.js":      {"text/javascript", "createClient"},
		"/openapi.json":   {"application/json", "3.1"},
		"/account/signin": {"application/problem+json", "not_found"},
	} {
		w := get(a, path)
		if !strings.HasPrefix(w.Header().Get("Content-Type"), want.mediaType) || !strings.Contains(w.Body.String(), want.part) {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	var settings struct{ BaseURL, APIKey, API string }
	if err := json.Unmarshal(get(a, "/app/config.json").Body.Bytes(), &settings); err != nil {
		t.Fatal(err)
	}
	if settings.BaseURL != "http://localhost:8080" || settings.APIKey != creds.Publishable || settings.API == "" {
		t.Errorf("the example app's settings are %+v", settings)
	}
	for _, path := range []string{"/", "/app"} {
		if w := get(a, path); w.Code != http.StatusFound || w.Header().Get("Location") != "/app/" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestOnlyADevelopmentServerHasThem(t *testing.T) {
	a := developing(t, false)
	for _, path := range []string{"/", "/dev/mail", "/dev/mail.json", "/app/", "/app/config.json"} {
		if w := get(a, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
