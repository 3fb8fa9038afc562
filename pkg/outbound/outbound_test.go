package outbound_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
)

// listener is a service of the inside that counts who comes by, down to bare connections.
func listener(t *testing.T) (at string, hits *atomic.Int64) {
	t.Helper()
	hits = new(atomic.Int64)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); done.Wait() })
	done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = conn.Close()
		}
	})
	return l.Addr().String(), hits
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func client(t *testing.T, named ...string) *outbound.Client {
	t.Helper()
	c, err := outbound.New(named...)
	if err != nil {
		t.Fatal(err)
	}
	c.GiveUpAfter(time.Hour) // no test waits for it
	return c
}

func get(t *testing.T, c *outbound.Client, target string) (int, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Read(req)
}

func TestNothingInsideIsReached(t *testing.T) {
	inside, hits := listener(t)
	_, port, _ := net.SplitHostPort(inside)
	for _, target := range []string{
		"http://127.0.0.1:" + port, "https://127.0.0.1:" + port, "https://localhost:" + port, "https://LOCALHOST:" + port, "https://[::1]:" + port,
		"https://[::ffff:127.0.0.1]:" + port, "https://[::ffff:7f00:1]:" + port, "https://[64:ff9b::7f00:1]:" + port, "https://[2002:7f00:1::]:" + port,
		"https://2130706433:" + port, "https://0x7f000001:" + port, "https://017700000001:" + port, "https://127.1:" + port, "https://0.0.0.0:" + port, "https://[::]:" + port,
		"https://169.254.169.254/latest/meta-data/", "http://169.254.169.254/latest/meta-data/", "https://10.0.0.1", "https://100.64.0.1", "https://[fe80::1]", "https://[fd00::1]",
		"https://224.0.0.1", "https://user:word@1.1.1.1", "ftp://127.0.0.1:" + port, "file:///etc/passwd", "gopher://127.0.0.1:" + port,
	} {
		c := client(t, "https://idp.example.com", "http://127.0.0.1:1")
		_, resolver := resolve("127.0.0.1") // as some resolvers answer for numbers
		c.LookUp(resolver)
		if _, body, err := get(t, c, target); err == nil {
			t.Errorf("%s answered %q", target, body)
		} else if shown := err.Error(); strings.Contains(shown, port) || strings.Contains(shown, "://") {
			t.Errorf("%s: the error shows the URL: %s", target, shown)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d calls reached a listener inside", hits.Load())
	}
}

func TestANameThatChangesItsAddressFindsNothing(t *testing.T) {
	inside, hits := listener(t)
	_, port, _ := net.SplitHostPort(inside)
	for _, c := range []struct {
		name    string
		answers []string
		named   []string
	}{
		{"a name that leads inside", []string{"127.0.0.1"}, nil},
		{"a name that leads inside the second time", []string{"198.51.100.1", "127.0.0.1"}, nil},
		{"a name that leads inside by IPv6", []string{"::1"}, nil},
		{"a name that leads inside by a mapped address", []string{"::ffff:127.0.0.1"}, nil},
		{"a named one that leads to credentials of the cloud", []string{"169.254.169.254"}, []string{"https://rebind.example.com:" + port}},
		{"one whose other port is named", []string{"127.0.0.1"}, []string{"https://rebind.example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, resolver := resolve(c.answers...)
			client := client(t, c.named...)
			client.LookUp(resolver)
			for range 3 {
				if _, _, err := get(t, client, "https://rebind.example.com:"+port); !errors.Is(err, outbound.ErrRefused) {
					t.Errorf("got %v", err)
				}
			}
			if n.asked < 3 {
				t.Errorf("the name was looked up %d times", n.asked)
			}
		})
	}
	if hits.Load() != 0 {
		t.Errorf("%d calls reached a listener inside", hits.Load())
	}
}

func TestWhatIsNamedMayBeInside(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") }))
	t.Cleanup(srv.Close)
	u, _ := url.Parse(srv.URL)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	t.Run("by its address", func(t *testing.T) {
		c := client(t, srv.URL)
		c.Trust(roots)
		if status, body, err := get(t, c, srv.URL+"/x"); err != nil || status != 200 || string(body) != "in" {
			t.Errorf("got %d, %q, %v", status, body, err)
		}
	})
	t.Run("by a name that leads there", func(t *testing.T) {
		_, resolver := resolve("127.0.0.1")
		c := client(t, "https://Example.COM:"+u.Port()) // the certificate is for example.com
		c.Trust(roots)
		c.LookUp(resolver)
		if _, body, err := get(t, c, "https://example.com:"+u.Port()); err != nil || string(body) != "in" {
			t.Errorf("got %q, %v", body, err)
		}
	})
	t.Run("but not with another's certificate", func(t *testing.T) {
		_, resolver := resolve("127.0.0.1")
		c := client(t, "https://idp.example.org:"+u.Port())
		c.Trust(roots)
		c.LookUp(resolver)
		if _, _, err := get(t, c, "https://idp.example.org:"+u.Port()); err == nil {
			t.Error("it answered")
		}
	})
	t.Run("but not by http when it is named with https", func(t *testing.T) {
		if _, _, err := get(t, client(t, srv.URL), "http://"+u.Host); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRedirects(t *testing.T) {
	inside, hits := listener(t)
	var follow atomic.Value
	follow.Store("")
	var seen atomic.Value
	from := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Referer"))
		if r.URL.Path == "/end" {
			_, _ = io.WriteString(w, "end")
			return
		}
		code := http.StatusFound
		if r.Method == http.MethodPost {
			code = http.StatusTemporaryRedirect
		}
		http.Redirect(w, r, follow.Load().(string), code)
	})
	for _, c := range []struct {
		name, to, method, auth string
		ok                     bool
	}{
		{"to a place of the same service", "/end", "GET", "", true},
		{"to a listener inside", "http://" + inside, "GET", "", false},
		{"to a listener inside by https", "https://" + inside, "GET", "", false},
		{"to the credentials of the cloud", "https://169.254.169.254/", "GET", "", false},
		{"to another scheme", "file:///etc/passwd", "GET", "", false},
		{"to a user", strings.Replace(from, "//", "//user:word@", 1) + "/end", "GET", "", false},
		{"in a circle", "/again", "GET", "", false},
		{"of a form", "/end", "POST", "", false},
		{"of what carries a credential", "/end", "GET", "Bearer x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			follow.Store(c.to)
			req, _ := http.NewRequestWithContext(t.Context(), c.method, from+"/start?secret=1", strings.NewReader(""))
			if c.auth != "" {
				req.Header.Set("Authorization", c.auth)
			}
			_, body, err := client(t, from).Read(req)
			if c.ok && (err != nil || string(body) != "end") || !c.ok && !errors.Is(err, outbound.ErrRefused) {
				t.Errorf("got %q, %v", body, err)
			}
			if seen.Load() != "" {
				t.Errorf("the target was told where it came from: %s", seen.Load())
			}
		})
	}
	if hits.Load() != 0 {
		t.Errorf("%d calls reached a listener inside", hits.Load())
	}
}

func TestBigAnswers(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 8<<20))
	_ = z.Close()
	exact := make([]byte, outbound.MaxBody)
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want error
		most int
	}{
		{"one of the greatest length is read", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(exact) }, nil, outbound.MaxBody},
		{"one that says it is longer is not", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(exact, 'x')) }, outbound.ErrTooLarge, 0},
		{"one that goes on and on is not", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(exact[:4096]); err != nil {
					return
				}
			}
		}, outbound.ErrTooLarge, 0},
		{"one that would unpack to more stays packed", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "" {
				t.Error("it asked for something packed")
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, nil, bomb.Len()},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := serve(t, c.h)
			cl := client(t, at)
			_, body, err := get(t, cl, at)
			if !errors.Is(err, c.want) || len(body) > c.most {
				t.Errorf("got %d bytes, %v", len(body), err)
			}
			if cl.Underway() != 0 {
				t.Errorf("%d calls are still counted", cl.Underway())
			}
		})
	}
}

func TestSlowServices(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, h := range map[string]http.HandlerFunc{
		"one that does not begin": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		},
		"one that does not end": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{")
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			at := serve(t, h)
			c := client(t, at)
			c.GiveUpAfter(50 * time.Millisecond)
			if _, _, err := get(t, c, at); err == nil || !strings.Contains(err.Error(), "in time") {
				t.Errorf("got %v", err)
			}
			if c.Underway() != 0 {
				t.Errorf("%d calls are still counted", c.Underway())
			}
		})
	}
	fresh, err := outbound.New()
	if err != nil || fresh.HTTP().Timeout != outbound.Timeout || outbound.Timeout != 5*time.Second {
		t.Errorf("a call may take %s (%v)", fresh.HTTP().Timeout, err)
	}
}

func TestASlowServiceGathersNobody(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, outbound.MaxCalls)
	slow := serve(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	quick := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "quick") })
	c := client(t, slow, quick)
	var waiting sync.WaitGroup
	for range outbound.MaxCalls {
		waiting.Go(func() { _, _, _ = get(t, c, slow) })
	}
	for range outbound.MaxCalls {
		<-arrived
	}
	if _, _, err := get(t, c, slow); !errors.Is(err, outbound.ErrBusy) {
		t.Errorf("one more call: %v", err)
	}
	if _, body, err := get(t, c, quick); err != nil || string(body) != "quick" {
		t.Errorf("another service: %q, %v", body, err)
	}
	close(release)
	waiting.Wait()
	if _, _, err := get(t, c, slow); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if c.Underway() != 0 {
		t.Errorf("%d calls are still counted", c.Underway())
	}
}

func TestNoProxyIsTaken(t *testing.T) {
	inside, hits := listener(t)
	t.Setenv("HTTP_PROXY", "http://"+inside)
	t.Setenv("HTTPS_PROXY", "http://"+inside)
	at := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("User-Agent")) })
	_, resolver := resolve("127.0.0.1")
	named := strings.Replace(at, "127.0.0.1", "idp.example.com", 1) // a proxy is never used for loopback addresses
	c := client(t, named)
	c.LookUp(resolver)
	if _, body, err := get(t, c, named); err != nil || string(body) != "Gatehouse" || hits.Load() != 0 {
		t.Errorf("got %q, %v, and %d calls of the proxy", body, err, hits.Load())
	}
}

func TestOnlyServicesAreNamed(t *testing.T) {
	for _, text := range []string{"", "idp.example.com", "ftp://x.example", "https://", "https://u:p@x.example", "%"} {
		if _, err := outbound.New(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// FuzzCheck gives any URL. What is let through is https, or exactly what was named.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"https://a.example", "http://127.0.0.1:1/x", "HTTP://127.0.0.1:1", "http://127.0.0.1:1@evil.example", "//x", "https:evil", "https://[::1]:1"} {
		f.Add(s)
	}
	c, err := outbound.New("http://127.0.0.1:1")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil || c.Check(u) != nil {
			return
		}
		if u.Scheme != "https" && u.Host != "127.0.0.1:1" || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q may be called", text)
		}
	})
}
