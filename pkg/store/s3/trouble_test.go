package s3_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/s3"
)

// front stands before a server and does something else from some moment on.
type front struct {
	next    http.Handler
	instead atomic.Pointer[http.HandlerFunc]
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := f.instead.Load(); h != nil {
		(*h)(w, r)
		return
	}
	f.next.ServeHTTP(w, r)
}

func (f *front) do(h http.HandlerFunc) { f.instead.Store(&h) }

// behind starts an object store behind a front, and opens it.
func behind(t *testing.T) (*s3.Store, *front, *httptest.Server) {
	t.Helper()
	f := &front{}
	srv := serve(t, func(next http.Handler) http.Handler {
		f.next = next
		return f
	})
	return open(t, srv), f, srv
}

func blob(id string) store.Blob {
	return store.Blob{ID: id, Type: "image/png", Data: []byte("data of " + id), CreatedAt: time.Unix(1e9, 0).UTC()}
}

func put(t *testing.T, s *s3.Store, id string) {
	t.Helper()
	if err := s.PutBlob(t.Context(), blob(id)); err != nil {
		t.Fatal(err)
	}
}

// says answers every request in the words of an object store.
func says(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("Server", "AmazonS3")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>m</Message><RequestId>r</RequestId></Error>`, code)
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte("half of it"))
}

func TestWhateverGoesWrongIsNoAbsence(t *testing.T) {
	for name, instead := range map[string]http.HandlerFunc{
		"the server is gone": nil,
		"the server never answers": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then it sees that the client has gone
			<-r.Context().Done()
		},
		"the server fails":               says(500, "InternalError"),
		"the server fails without words": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"the server is busy":             says(503, "SlowDown"),
		"the credential is wrong":        says(403, "SignatureDoesNotMatch"),
		"the access key is unknown":      says(403, "InvalidAccessKeyId"),
		"nothing is allowed":             says(403, "AccessDenied"),
		"the bucket is gone":             says(404, "NoSuchBucket"),
		"a proxy finds nothing": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>404</html>", http.StatusNotFound)
		},
		"the server lives elsewhere":  says(301, "PermanentRedirect"),
		"an answer is cut off":        cutOff,
		"the connection is cut":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"something else answers that": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>sign in</html>") },
	} {
		t.Run(name, func(t *testing.T) {
			s, f, srv := behind(t)
			put(t, s, "there")
			if instead == nil {
				srv.Close()
			} else {
				f.do(instead)
			}
			if strings.HasSuffix(name, "never answers") {
				s.GiveUpAfter(300 * time.Millisecond)
			}
			_, there := s.Blob(t.Context(), "there")
			_, missing := s.Blob(t.Context(), "missing")
			calls := map[string]error{"Blob": there, "Blob of none": missing}
			if !strings.HasPrefix(name, "an answer") && !strings.HasPrefix(name, "something") { // those look like a success
				calls["PutBlob"] = s.PutBlob(t.Context(), blob("new"))
				calls["PutBlob again"] = s.PutBlob(t.Context(), blob("there"))
				calls["DeleteBlob"] = s.DeleteBlob(t.Context(), "there")
			}
			for call, err := range calls {
				if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) {
					t.Errorf("%s gives %v", call, err)
				}
				if err != nil && strings.Contains(err.Error(), "secret-of-the-bucket") {
					t.Errorf("%s tells the secret: %v", call, err)
				}
			}
		})
	}
}

func TestAPutWhoseAnswerIsLostIsLookedUp(t *testing.T) {
	for _, landed := range []bool{true, false} {
		t.Run(fmt.Sprintf("landed %t", landed), func(t *testing.T) {
			s, f, _ := behind(t)
			f.do(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPut {
					f.next.ServeHTTP(w, r)
					return
				}
				if landed {
					f.next.ServeHTTP(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			})
			err := s.PutBlob(t.Context(), blob("a"))
			got, missing := s.Blob(t.Context(), "a")
			if landed && (err != nil || missing != nil || cmp.Diff(blob("a"), got) != "") {
				t.Fatalf("the put gives %v, and the blob is %+v (%v)", err, got, missing)
			}
			if !landed && (!errors.Is(err, store.ErrUnavailable) || !errors.Is(missing, store.ErrNotFound)) {
				t.Fatalf("the put gives %v, and the blob %v", err, missing)
			}
		})
	}
}

// refuse answers writes with a condition, so many times.
func refuse(f *front, times int64, status int, code string) {
	var n atomic.Int64
	f.do(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.Header.Get("If-None-Match") == "*" && n.Add(1) <= times {
			says(status, code)(w, r)
			return
		}
		f.next.ServeHTTP(w, r)
	})
}

func TestAServerWithoutConditionsIsAskedFirst(t *testing.T) {
	s, f, _ := behind(t)
	refuse(f, 1000, 501, "NotImplemented")
	put(t, s, "a")
	other := blob("a")
	other.Data = []byte("other")
	if err := s.PutBlob(t.Context(), other); !errors.Is(err, store.ErrExists) {
		t.Fatalf("the second put gives %v", err)
	}
	if got, err := s.Blob(t.Context(), "a"); err != nil || cmp.Diff(blob("a"), got) != "" {
		t.Fatalf("the blob is %+v (%v)", got, err)
	}
}

func TestAPutThatMeetsAnotherIsTriedAgain(t *testing.T) {
	s, f, _ := behind(t)
	refuse(f, 1, 409, "ConditionalRequestConflict")
	put(t, s, "a")
	refuse(f, 2, 409, "ConditionalRequestConflict")
	if err := s.PutBlob(t.Context(), blob("b")); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("the second conflict gives %v", err)
	}
}

func TestAnObjectOfSomebodyElseIsNoBlob(t *testing.T) {
	s, _, srv := behind(t)
	for id, metadata := range map[string]string{"a": "", "b": "nonsense", "c": "e30"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/"+bucket+"/pictures/"+id, strings.NewReader("foreign"))
		if err != nil {
			t.Fatal(err)
		}
		if metadata != "" {
			req.Header.Set("X-Amz-Meta-Gatehouse-Blob", metadata)
		}
		r, err := http.DefaultClient.Do(req)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatal(r, err)
		}
		_ = r.Body.Close()
		if got, err := s.Blob(t.Context(), id); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "none of ours") && metadata != "nonsense" {
			t.Errorf("with metadata %q it is %+v (%v)", metadata, got, err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	srv := serve(t, nil)
	denied := httptest.NewServer(says(403, "InvalidAccessKeyId"))
	t.Cleanup(denied.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, tt := range map[string]struct {
		change func(o *s3.Options)
		says   string
	}{
		"another bucket":     {func(o *s3.Options) { o.Bucket = "other" }, "no such bucket"},
		"a name of no host":  {func(o *s3.Options) { o.Endpoint = "http://x" }, "ndpoint"},
		"a bad bucket":       {func(o *s3.Options) { o.Bucket = "A/B" }, "ucket"},
		"a wrong credential": {func(o *s3.Options) { o.Endpoint = strings.TrimPrefix(denied.URL, "http://") }, ""},
		"nobody there":       {func(o *s3.Options) { o.Endpoint = strings.TrimPrefix(gone.URL, "http://") }, "refused"},
		"TLS where is none":  {func(o *s3.Options) { o.TLS = true }, "HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(srv)
			tt.change(&o)
			_, err := s3.Open(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), o.SecretKey) {
				t.Fatalf("got %v, want something about %q", err, tt.says)
			}
		})
	}
}
