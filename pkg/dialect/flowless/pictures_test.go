package flowless_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// uploading is the request by which somebody sends a picture.
func uploading(t testing.TB, id, content string) dialecttest.Request {
	t.Helper()
	form, contentType := multipartPicture(t, "me.png", content)
	return dialecttest.Request{Path: "/flowless/auth/upload/picture", ID: id, Body: form, Type: contentType}
}

// upload gives somebody a picture and returns where it is.
func upload(t *testing.T, s *dialecttest.Server, id, content string) string {
	t.Helper()
	r := s.Do(t, uploading(t, id, content))
	var a struct {
		Data struct {
			URL string `json:"picture_url"`
		} `json:"data"`
	}
	r.JSON(t, &a)
	if r.Status != http.StatusOK || a.Data.URL == "" {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return a.Data.URL
}

// removing is the request by which somebody gives their picture up.
func removing(id string) dialecttest.Request {
	return dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/upload/picture", ID: id}
}

func served(t *testing.T, s *dialecttest.Server, address string) int {
	t.Helper()
	return s.Do(t, dialecttest.Request{Path: strings.TrimPrefix(address, s.App.Config.PublicURL)}).Status
}

// located returns a JPEG that says where it was taken, in EXIF and in XMP.
func located(t testing.TB) string {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	segment := func(data string) string {
		return string([]byte{0xff, 0xe1, byte((len(data) + 2) >> 8), byte(len(data) + 2)}) + data
	}
	exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x25\x88\x04\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00GPS 52.5200 N"
	xmp := "http://ns.adobe.com/xap/1.0/\x00<exif:GPSLatitude>52,31.2N</exif:GPSLatitude>"
	return "\xff\xd8" + segment(exif) + segment(xmp) + file.String()[2:] + "<script>GPS</script>"
}

// attacks are files that are no pictures, or more than that.
func attacks(t testing.TB) map[string]string {
	t.Helper()
	whole := located(t)
	var animated bytes.Buffer
	if err := gif.Encode(&animated, image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White}), nil); err != nil {
		t.Fatal(err)
	}
	const pngHead = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	const archive = "PK\x03\x04Evil.classPK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x2e\x00\x00\x00\x10\x00\x00\x00\x00\x00"
	return map[string]string{
		"an SVG":                       `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"HTML that is called a PNG":    "<!doctype html><script>alert(1)</script>",
		"HTML that begins as a PNG":    "\x89PNG\r\n\x1a\n<script>alert(1)</script>",
		"a GIFAR":                      animated.String() + archive,
		"a PNG of 50000x50000":         pngHead + "\x00\x00\xc3\x50\x00\x00\xc3\x50\x01\x00\x00\x00\x00\x92\x90\x9a\x64",
		"a JPEG of 65535x65535":        "\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",
		"half a JPEG":                  whole[:len(whole)*2/3],
		"a JPEG without its pixels":    whole[:200],
		"a WebP that says it has 2 GB": "RIFF\xf0\xff\xff\x7fWEBPVP8 \xe0\xff\xff\x7f0\x01\x00\x9d\x01\x2a\x08\x00\x08\x00",
		"nothing":                      "",
		"a file of more than 5 MiB":    photo(t) + strings.Repeat("\x00", 5<<20),
	}
}

// Attack case A-61.
func TestWhatIsNoPictureChangesNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		before := upload(t, s, ada.ID, photo(t))
		for name, content := range attacks(t) {
			r := s.Do(t, uploading(t, ada.ID, content))
			if r.Status < 400 || r.Status >= 500 || r.Status != http.StatusRequestEntityTooLarge && !strings.Contains(r.Body, `"field":"picture"`) {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
		for name, file := range map[string]string{
			"a path": "../../x.png", "a line break": "a\r\nX-Evil: 1\r\n\r\n.png", "a page": "x.html", "an absolute path": "/etc/passwd",
		} {
			form, contentType := multipartPicture(t, file, "no picture")
			if r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/upload-picture", ID: ada.ID, Body: form, Type: contentType}); r.Status != 400 {
				t.Errorf("%s for a name: %d %s", name, r.Status, r.Body)
			}
		}
		if now := self(t, s, ada.ID)["picture"]; now != before || served(t, s, before) != 200 {
			t.Errorf("the picture was %v and is %v", before, now)
		}
		if n := s.App.Config.PublicURL; !strings.HasPrefix(before, n+"/pictures/") || strings.ContainsAny(strings.TrimPrefix(before, n+"/pictures/"), "./") {
			t.Errorf("the picture is at %s", before)
		}
	})
}

func TestWhereAPictureWasTakenIsForgotten(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		at := upload(t, s, ada.ID, located(t))
		r := picture(t, s, at)
		for _, secret := range []string{"GPS", "52.5", "Exif", "xap", "<script>"} {
			if strings.Contains(r.Body, secret) {
				t.Errorf("%q is in the picture", secret)
			}
		}
		if r.Header.Get("Content-Type") != "image/jpeg" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("it is served as %v", r.Header)
		}
	})
}

func TestNobodyTouchesTheirNeighboursPicture(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		ada, eve := s.NewFlowless(t, "ada@example.com", identity.Customer), s.NewFlowless(t, "eve@example.com", identity.Admin)
		hers := upload(t, s, ada.ID, photo(t))
		name := hers[strings.LastIndexByte(hers, '/')+1:]
		const undescribed = "localhost" // what these send is in no description
		for _, q := range []dialecttest.Request{
			removing(eve.ID),
			{Method: http.MethodDelete, Path: "/flowless/auth/upload/picture?user_id=" + ada.UserID, ID: eve.ID, Host: undescribed},
			{Method: http.MethodDelete, Path: "/flowless/auth/upload/picture", ID: eve.ID, Host: undescribed, Body: dialecttest.JSON(object{"user_id": ada.UserID, "picture": name})},
			{Method: http.MethodDelete, Path: "/flowless/auth/upload/picture/" + name, ID: eve.ID},
			{Method: http.MethodDelete, Path: "/pictures/" + name, ID: eve.ID},
			{Method: http.MethodPut, Path: "/pictures/" + name, ID: eve.ID, Body: "x"},
			removing("ses_" + strings.Repeat("x", 60)),
			{Method: http.MethodDelete, Path: "/flowless/auth/upload/picture"},
			uploading(t, "", photo(t)),
			uploading(t, eve.ID, photo(t)),
		} {
			s.Do(t, q)
		}
		s.Settle(t)
		if now := self(t, s, ada.ID)["picture"]; now != hers || served(t, s, hers) != 200 {
			t.Errorf("the picture is %v, answered %d", now, served(t, s, hers))
		}
		if his := self(t, s, eve.ID)["picture"]; his == nil || his == hers {
			t.Errorf("the neighbour's picture is %v", his)
		}
	})
}

func TestAnOldPictureIsGone(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		admin := s.NewFlowless(t, "admin@example.com", identity.Admin)
		gone := func(what, address string) {
			t.Helper()
			s.Settle(t)
			if status := served(t, s, address); status != 404 {
				t.Errorf("after it was %s the picture is answered %d", what, status)
			}
		}
		first := upload(t, s, ada.ID, photo(t))
		second := upload(t, s, ada.ID, photo(t))
		gone("replaced", first)
		for range 2 {
			if r := s.Do(t, removing(ada.ID)); r.Status != 200 {
				t.Fatalf("got %d %s", r.Status, r.Body)
			}
		}
		gone("removed", second)
		if now := self(t, s, ada.ID)["picture"]; now != nil {
			t.Errorf("the picture is %v", now)
		}
		third := upload(t, s, ada.ID, located(t))
		if r := s.Do(t, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/users/" + ada.UserID, ID: admin.ID}); r.Status != 200 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		gone("left by its account", third)
	})
}

// ledger notes which blobs were ever put.
type ledger struct {
	store.Store
	mu  *sync.Mutex
	ids map[string]bool
}

func (l ledger) PutBlob(ctx context.Context, b store.Blob) error {
	l.mu.Lock()
	l.ids[b.ID] = true
	l.mu.Unlock()
	return l.Store.PutBlob(ctx, b)
}

// Wherever a node stops, a minute later every blob is shown and every picture that is shown is
// there.
func TestAStopLeavesNoPictureBehind(t *testing.T) {
	flows := map[string]func(t *testing.T, s *dialecttest.Server, ada dialecttest.Flowless) dialecttest.Request{
		"the first picture": func(t *testing.T, _ *dialecttest.Server, ada dialecttest.Flowless) dialecttest.Request {
			return uploading(t, ada.ID, photo(t))
		},
		"another picture": func(t *testing.T, s *dialecttest.Server, ada dialecttest.Flowless) dialecttest.Request {
			upload(t, s, ada.ID, photo(t))
			return uploading(t, ada.ID, located(t))
		},
		"no picture any more": func(t *testing.T, s *dialecttest.Server, ada dialecttest.Flowless) dialecttest.Request {
			upload(t, s, ada.ID, photo(t))
			return removing(ada.ID)
		},
		"no account any more": func(t *testing.T, s *dialecttest.Server, ada dialecttest.Flowless) dialecttest.Request {
			upload(t, s, ada.ID, photo(t))
			admin := s.NewFlowless(t, "admin@example.com", identity.Admin)
			return dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/users/" + ada.UserID, ID: admin.ID}
		},
	}
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for name, prepare := range flows {
			t.Run(name, func(t *testing.T) {
				writes := stopped(t, fresh(t), prepare, 1<<20, false)
				if writes < 2 {
					t.Fatalf("it took %d writes", writes)
				}
				for n := range writes {
					for _, lose := range []bool{false, true} {
						t.Run(fmt.Sprintf("after %d writes, answer lost %t", n, lose), func(t *testing.T) {
							if n > 0 || !lose {
								stopped(t, fresh(t), prepare, n, lose)
							}
						})
					}
				}
			})
		}
	})
}

// stopped has a node do something and die after n writes, and returns how many there were.
func stopped(t *testing.T, open dialecttest.Opener, prepare func(*testing.T, *dialecttest.Server, dialecttest.Flowless) dialecttest.Request, n int, lose bool) int {
	t.Helper()
	mu, ids := new(sync.Mutex), map[string]bool{}
	noting := func(db store.Store) store.Store { return ledger{db, mu, ids} }
	healthy := dialecttest.Start(t, open, dialecttest.Options{Wrap: noting})
	dialecttest.QuickPasswords(healthy)
	ada := healthy.NewFlowless(t, "ada@example.com", identity.Customer)
	q := prepare(t, healthy, ada)
	healthy.Settle(t)
	stopper := &dialecttest.Stopper{}
	dying := healthy.NodeWith(t, func(db store.Store) store.Store {
		stopper.Store = noting(db)
		return stopper
	})
	stopper.Stop(n, lose)
	_, _ = dying.Try(q) // it may be dead by now
	_, _ = dying.App.Relay.Drain(t.Context())
	writes := stopper.Writes()
	stopper.Stop(0, false)

	healthy.Clock.Advance(2 * time.Minute)
	healthy.Settle(t)
	u, err := healthy.App.Store.User(t.Context(), ada.UserID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if u.Picture != "" && !ids[u.Picture] {
		t.Errorf("the picture %q was never put", u.Picture)
	}
	for id := range ids {
		_, err := healthy.App.Store.Blob(t.Context(), id)
		if there := err == nil; there != (id == u.Picture) || !there && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the blob that is shown is %q, and %q gives %v", u.Picture, id, err)
		}
	}
	return writes
}
