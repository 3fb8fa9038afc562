package pages_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	pngfile "image/png"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// shown gives somebody a picture of one colour and returns where it is.
func shown(t *testing.T, s *dialecttest.Server, email string, c color.Color) string {
	t.Helper()
	by, err := s.App.Sessions.Authenticate(t.Context(), s.NewUser(t, email, identity.Customer).AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewNRGBA(image.Rect(0, 0, 30, 20))
	for i := range 600 {
		m.Set(i%30, i/30, c)
	}
	var file bytes.Buffer
	if err := pngfile.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	p, err := s.App.Pictures.Set(t.Context(), by, file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(p.URL, s.App.Config.PublicURL)
}

func TestAPictureIsServedToEverybodyAndCannotDoAnything(t *testing.T) {
	s := start(t, "GATEHOUSE_CORS_ORIGINS=https://app.example.com")
	for name, tt := range map[string]struct {
		color       color.Color
		kind, magic string
		file        string
	}{
		"one that is opaque":         {color.NRGBA{R: 200, A: 255}, "image/jpeg", "\xff\xd8\xff", "avatar.jpg"},
		"one that one looks through": {color.NRGBA{R: 200, A: 100}, "image/png", "\x89PNG", "avatar.png"},
	} {
		t.Run(name, func(t *testing.T) {
			path := shown(t, s, strings.ReplaceAll(name, " ", "-")+"@example.com", tt.color)
			want := map[string]string{
				"Content-Type": tt.kind, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
				"Content-Disposition": `inline; filename="` + tt.file + `"`, "Cache-Control": "public, max-age=86400, immutable",
				"Cross-Origin-Resource-Policy": "cross-origin", "Etag": `"` + strings.TrimPrefix(path, "/pictures/") + `"`,
			}
			whole := get(t, s, path)
			if whole.Status != 200 || !strings.HasPrefix(whole.Body, tt.magic) || whole.Header.Get("Content-Length") != fmt.Sprint(len(whole.Body)) {
				t.Fatalf("got %d %q", whole.Status, whole.Body[:min(20, len(whole.Body))])
			}
			head := s.Do(t, dialecttest.Request{Method: "HEAD", Path: path})
			if head.Status != 200 || head.Body != "" || head.Header.Get("Content-Length") != whole.Header.Get("Content-Length") {
				t.Fatalf("HEAD: got %d %v", head.Status, head.Header)
			}
			known := s.Do(t, dialecttest.Request{Path: path, Header: map[string]string{"If-None-Match": want["Etag"]}})
			if known.Status != 304 || known.Body != "" {
				t.Fatalf("who has it: got %d %s", known.Status, known.Body)
			}
			for header, value := range want {
				for _, r := range []dialecttest.Response{whole, head, known} {
					if got := r.Header.Values(header); r.Status == 304 && header == "Content-Type" {
						continue
					} else if len(got) != 1 || got[0] != value {
						t.Errorf("%d has %s %q, want %q", r.Status, header, got, value)
					}
				}
			}
		})
	}
}

func TestWhoHasAPictureIsToldSo(t *testing.T) {
	s := start(t)
	path := shown(t, s, "ada@example.com", color.Black)
	id := strings.TrimPrefix(path, "/pictures/")
	for tags, want := range map[string]int{
		`"` + id + `"`: 304, `W/"` + id + `"`: 304, `"other", "` + id + `"`: 304, "*": 304,
		`"other"`: 200, id: 200, "": 200, `"` + id: 200, `"` + strings.ToLower(id) + `x"`: 200,
	} {
		if r := s.Do(t, dialecttest.Request{Path: path, Header: map[string]string{"If-None-Match": tags}}); r.Status != want {
			t.Errorf("%s gets %d, want %d", tags, r.Status, want)
		}
	}
}

// noBlobs is a store that cannot reach its blobs.
type noBlobs struct{ store.Store }

func (noBlobs) Blob(context.Context, string) (store.Blob, error) {
	return store.Blob{}, store.ErrUnavailable
}

func TestAPictureThatIsNotThere(t *testing.T) {
	s := start(t)
	path := shown(t, s, "ada@example.com", color.Black)
	for _, p := range []string{"/pictures/" + strings.Repeat("a", 20), "/pictures/x", "/pictures/", "/pictures", path + "x", path + "/", "/pictures/%2e%2e%2fx"} {
		if r := get(t, s, p); r.Status != 404 && r.Status != 400 || strings.Contains(r.Header.Get("Cache-Control"), "public") {
			t.Errorf("%s gets %d, %s", p, r.Status, r.Header.Get("Cache-Control"))
		}
	}
	if r := s.Do(t, dialecttest.Request{Method: "DELETE", Path: path}); r.Status != 405 {
		t.Errorf("DELETE gets %d", r.Status)
	}
	down := s.NodeWith(t, func(db store.Store) store.Store { return noBlobs{db} })
	if r := get(t, down, path); r.Status != 503 || r.Header.Get("Retry-After") == "" || strings.Contains(r.Header.Get("Cache-Control"), "public") {
		t.Errorf("while the store is down it gets %d %v", r.Status, r.Header)
	}
	if r := get(t, s, path); r.Status != 200 {
		t.Errorf("the picture itself gets %d", r.Status)
	}
}
