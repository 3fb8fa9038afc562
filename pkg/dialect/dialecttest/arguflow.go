package dialecttest

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// ArguflowCookie is the cookie of the Arguflow dialect, where nobody says otherwise.
const ArguflowCookie = "ai-editor"

// ArguflowHost is the host name that scenarios give the Arguflow dialect when it gets one.
const ArguflowHost = "arguflow.test"

// Browser asks one node after the other and keeps cookies as browsers do: for the public URL, of
// which the nodes are parts. It belongs to one goroutine.
type Browser struct {
	// Origin is the page that asks, as browsers name it; empty is a client that is no browser.
	Origin string
	jar    *cookiejar.Jar
	nodes  []*Server
	asked  int
}

// NewBrowser returns a browser without cookies.
func NewBrowser(t testing.TB, nodes ...*Server) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{jar: jar, nodes: nodes}
}

func (b *Browser) at(t testing.TB, target string) *url.URL {
	t.Helper()
	u, err := url.Parse(b.nodes[0].App.Config.PublicURL + target)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Do asks the next node.
func (b *Browser) Do(t testing.TB, q Request) Response {
	t.Helper()
	node, at := b.nodes[b.asked%len(b.nodes)], b.at(t, q.Path)
	b.asked++
	header := map[string]string{}
	for name, value := range q.Header {
		header[name] = value
	}
	var pairs []string
	for _, c := range b.jar.Cookies(at) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	if len(pairs) > 0 {
		header["Cookie"] = strings.Join(pairs, "; ")
	}
	if b.Origin != "" {
		header["Origin"] = b.Origin
	}
	q.Header = header
	r := node.Do(t, q)
	b.jar.SetCookies(at, (&http.Response{Header: r.Header}).Cookies())
	return r
}

// Cookie returns the value of a cookie that the browser would send to a path, empty if it has none.
func (b *Browser) Cookie(t testing.TB, target, name string) string {
	t.Helper()
	for _, c := range b.jar.Cookies(b.at(t, target)) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// ArguflowLogin signs in through the Arguflow dialect and returns the id of the session that the
// cookie has.
func (s *Server) ArguflowLogin(t testing.TB, email, password string) string {
	t.Helper()
	r := s.Do(t, Request{Path: "/api/auth", Body: JSON(map[string]string{"email": email, "password": password})})
	set := (&http.Response{Header: r.Header}).Cookies()
	if r.Status != http.StatusNoContent || len(set) != 1 || set[0].Name != ArguflowCookie || set[0].Value == "" {
		t.Fatalf("got %d %s with %v", r.Status, r.Body, set)
	}
	return set[0].Value
}

// ByCookie adds the cookie of the Arguflow dialect to a request.
func (q Request) ByCookie(id string) Request {
	header := map[string]string{"Cookie": ArguflowCookie + "=" + id}
	for name, value := range q.Header {
		header[name] = value
	}
	q.Header = header
	return q
}

// LinkOf returns the link in a mail to one of our pages.
func LinkOf(t testing.TB, l mail.Letter) *url.URL {
	t.Helper()
	for _, word := range strings.Fields(l.Text) {
		if u, err := url.Parse(word); err == nil && u.Host != "" && u.RawQuery != "" {
			return u
		}
	}
	t.Fatalf("no link in %q", l.Text)
	return nil
}

// MailedID carries out what is due and returns the UUID in the last mail of a kind that an address
// has got.
func (s *Server) MailedID(t testing.TB, kind mail.Kind, to string) string {
	t.Helper()
	mails := s.Mails(t, kind, to)
	if len(mails) == 0 {
		t.Fatalf("%s got no mail of kind %s", to, kind)
	}
	link := LinkOf(t, mails[len(mails)-1])
	if got := link.Query().Get("email"); got != to {
		t.Errorf("the link of %s is for %q", to, got)
	}
	return path.Base(link.Path)
}

// arguflow reports whether it is the Arguflow dialect that answers a request.
func (q Request) arguflow() bool {
	if q.Host == ArguflowHost || strings.HasPrefix(q.Path, "/api/") {
		return true
	}
	for _, short := range []string{"/invitation", "/register/", "/password"} {
		if strings.HasPrefix(q.Path, short) {
			return true
		}
	}
	return false
}

// ArguflowError checks that an answer is an error as the Arguflow dialect has it, and returns its
// text.
func (r Response) ArguflowError(t testing.TB) string {
	t.Helper()
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("a %d of type %q", r.Status, got)
	}
	words := map[int]string{http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden", http.StatusNotFound: "Record not found"}
	if word, ok := words[r.Status]; ok {
		if r.Body != `"`+word+`"`+"\n" {
			t.Errorf("a %d is %s, want %q", r.Status, r.Body, word)
		}
		return word
	}
	var e map[string]string
	r.JSON(t, &e)
	if e["message"] == "" || len(e) != 1 {
		t.Errorf("not an error of the dialect: %d %s", r.Status, r.Body)
	}
	return e["message"]
}
