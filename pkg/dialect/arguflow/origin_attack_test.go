package arguflow_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// allowed is the origin whose pages may call.
const allowed = "https://good.example"

// strangers are origins that are not it.
var strangers = []string{
	"https://evil.example", "null", "https://good.example.evil.example", "https://goodXexample", "http://good.example", "https://good.example:444",
	"https://www.good.example", "https://evilgood.example", "https://good.example@evil.example", "https://good.example/", "HTTPS://GOOD.EXAMPLE", "https://good.example.", "file://", "*",
	allowed + " " + "https://evil.example", allowed + ", https://evil.example",
}

// bare fails when an answer lets a script read it.
func bare(t *testing.T, what string, r response) {
	t.Helper()
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
		if got, ok := r.Header[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s: %s is %q", what, name, got)
		}
	}
	if got := r.Header.Get("Vary"); got != "Origin" {
		t.Errorf("%s: Vary is %q", what, got)
	}
	if got := r.Header.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
		t.Errorf("%s: Cross-Origin-Resource-Policy is %q", what, got)
	}
}

// TestNoOtherOriginReadsOrWrites sends what pages of strangers can have a browser send, with the
// cookie that it would add.
func TestNoOtherOriginReadsOrWrites(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, start(t, open, "GATEHOUSE_CORS_ORIGINS="+allowed))
		before := w.state(t)
		for _, a := range w.asks() {
			for _, origin := range strangers {
				what := a.q.Method + " " + a.q.Path + " from " + origin
				preflight := request{Method: "OPTIONS", Path: a.q.Path, Header: map[string]string{
					"Origin": origin, "Access-Control-Request-Method": a.q.Method, "Access-Control-Request-Headers": "content-type", "Sec-Fetch-Site": "cross-site",
				}}
				r := must(t, w.Server, preflight, 405)
				bare(t, "preflight: "+what, r)
				for _, site := range []string{"", "cross-site", "same-site"} {
					q := with(a.q, "Origin", origin)
					if site != "" {
						q = with(q, "Sec-Fetch-Site", site)
					}
					status := 403
					if !a.writes {
						status = 200
					}
					r := must(t, w.Server, q, status)
					bare(t, what, r)
					if r.Header["Set-Cookie"] != nil {
						t.Errorf("%s sets %q", what, r.Header["Set-Cookie"])
					}
				}
			}
			if !a.writes {
				continue
			}
			for _, site := range []string{"cross-site", "same-site", "CROSS-SITE", "x"} { // an image, say: it names no origin
				bare(t, a.route, must(t, w.Server, with(a.q, "Sec-Fetch-Site", site), 403))
			}
		}
		w.untouched(t, before)
	})
}

// TestAFormCannotWrite sends with the cookie what a browser sends without asking first.
func TestAFormCannotWrite(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, start(t, open, "GATEHOUSE_CORS_ORIGINS="+allowed))
		before := w.state(t)
		for _, a := range w.asks() {
			if a.q.Body == "" {
				continue
			}
			for _, media := range append(dialecttest.OtherTypes()[1:], "text/plain;charset=UTF-8", "application/x-www-form-urlencoded;charset=UTF-8") {
				for _, origin := range []string{"", allowed, w.URL} {
					q := a.q
					if q.Type = media; origin != "" {
						q = with(q, "Origin", origin)
					}
					must(t, w.Server, q, 415)
				}
			}
			form := a.q
			form.Type, form.Body = "application/x-www-form-urlencoded", "email=new%40example.com&password=x"
			must(t, w.Server, form, 415)
			form.Type, form.Body = "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nnew@example.com\r\n--x--\r\n"
			must(t, w.Server, form, 415)
			for _, encoding := range dialecttest.Encodings() {
				must(t, w.Server, with(a.q, "Content-Encoding", encoding), 415)
			}
		}
		w.untouched(t, before)
	})
}

// TestAnAllowedOriginWorks sends the same from a page that may, and from our own.
func TestAnAllowedOriginWorks(t *testing.T) {
	s, n := start(t, dialecttest.SQLite(t), "GATEHOUSE_CORS_ORIGINS="+allowed), 0
	for i := range (&world{}).asks() {
		for name, headers := range map[string][]string{
			"an allowed page":                  {"Origin", allowed, "Sec-Fetch-Site", "cross-site"},
			"an allowed page, an old browser":  {"Origin", allowed},
			"our own page":                     {"Sec-Fetch-Site", "same-origin"},
			"the address bar":                  {"Sec-Fetch-Site", "none"},
			"what is no browser":               {},
			"our own page in an older browser": {"Origin", "OWN"},
		} {
			n++
			w := nextWorld(t, s, n)
			a := w.asks()[i]
			var sent []string
			for _, h := range headers {
				sent = append(sent, strings.ReplaceAll(h, "OWN", w.URL))
			}
			r := must(t, w.Server, with(a.q, sent...), a.status)
			if !strings.HasPrefix(name, "an allowed") {
				bare(t, name, r)
				continue
			}
			preflight := must(t, w.Server, request{Method: "OPTIONS", Path: a.q.Path, Header: map[string]string{
				"Origin": allowed, "Access-Control-Request-Method": a.q.Method, "Access-Control-Request-Headers": "content-type",
			}}, 204)
			for what, r := range map[string]response{"the answer": r, "the preflight": preflight} {
				if r.Header.Get("Access-Control-Allow-Origin") != allowed || r.Header.Get("Access-Control-Allow-Credentials") != "true" || r.Header.Get("Vary") != "Origin" {
					t.Errorf("%s %s: %s allows %q, credentials %q", a.q.Method, a.q.Path, what, r.Header.Get("Access-Control-Allow-Origin"), r.Header.Get("Access-Control-Allow-Credentials"))
				}
			}
			if got := preflight.Header.Get("Access-Control-Allow-Methods"); !strings.Contains(got, a.q.Method) {
				t.Errorf("allowed are %q", got)
			}
		}
	}
}

// TestAskingHowChangesNothing sends methods that only ask.
func TestAskingHowChangesNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, start(t, open, "GATEHOUSE_CORS_ORIGINS="+allowed))
		before := w.state(t)
		for _, a := range w.asks() {
			for _, origin := range []string{"", allowed, w.URL} {
				for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "PROPFIND", "PATCH"} {
					q := a.q
					if q.Method = method; origin != "" {
						q = with(q, "Origin", origin)
					}
					if r := w.Do(t, q); r.Status != 405 {
						t.Errorf("%s %s: %d %s", method, q.Path, r.Status, r.Body)
					}
				}
			}
		}
		w.untouched(t, before)
	})
}
