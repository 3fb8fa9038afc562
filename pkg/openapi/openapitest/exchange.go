package openapitest

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Exchange is a request and its answer.
type Exchange struct {
	Method string
	Target string // path and query, as sent
	Header http.Header
	Body   string

	Status   int
	Answered http.Header
	Answer   string
}

// Check returns what of an exchange the document does not say: nothing if its path is not in the
// document. A request is looked at only if it was served, for any other may be wrong on purpose.
func (c *Contract) Check(x Exchange) []string {
	path, _, _ := strings.Cut(x.Target, "?")
	template, ok := c.match(path)
	if !ok || x.Method == http.MethodHead || x.Method == http.MethodOptions {
		return nil
	}
	if x.Status == http.StatusRequestHeaderFieldsTooLarge {
		return nil // net/http refuses those before anything of ours sees them
	}
	var said []string
	say := func(format string, args ...any) {
		said = append(said, fmt.Sprintf("%s %s answers %d: ", x.Method, template, x.Status)+fmt.Sprintf(format, args...))
	}
	op := c.get(node{v: c.root}, "paths", template, strings.ToLower(x.Method))
	if !op.there() || x.Method != strings.ToUpper(x.Method) {
		if x.Status != http.StatusMethodNotAllowed {
			say("the method is not documented")
		}
		return said
	}
	answer := c.get(op, "responses", fmt.Sprint(x.Status))
	if !answer.there() {
		say("the status is not documented: %s", short(x.Answer))
		return said
	}
	c.checkHeaders(answer, x.Answered, say)
	c.checkAnswer(answer, x, say)
	if x.Status < 300 {
		c.checkRequest(op, x, say)
	}
	return said
}

// match finds the template of a path. One without parameters is the better match.
func (c *Contract) match(path string) (template string, ok bool) {
	if slices.Contains(c.paths, path) {
		return path, true
	}
	got := strings.Split(path, "/")
	i := slices.IndexFunc(c.paths, func(template string) bool {
		want := strings.Split(template, "/")
		return len(want) == len(got) && same(want, got)
	})
	if i < 0 {
		return "", false
	}
	return c.paths[i], true
}

func same(want, got []string) bool {
	for i, w := range want {
		if isParameter := strings.HasPrefix(w, "{"); isParameter && got[i] == "" || !isParameter && w != got[i] {
			return false
		}
	}
	return true
}

// apiHeaders are the headers that an answer may only carry where the document says so.
var apiHeaders = []string{"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After", "WWW-Authenticate", "Location", "Set-Cookie", "ETag"}

type sayer func(format string, args ...any)

func (c *Contract) checkHeaders(answer node, h http.Header, say sayer) {
	declared := c.get(answer, "headers")
	for name := range declared.members() {
		header := c.get(declared, name)
		value := h.Get(name)
		if value == "" {
			if header.members()["required"] == true {
				say("the header %s is missing", name)
			}
			continue
		}
		if wrong := c.validate(c.get(header, "schema"), c.typed(c.get(header, "schema"), value)); wrong != "" {
			say("the header %s is %q: %s", name, value, wrong)
		}
	}
	for _, name := range apiHeaders {
		if h.Get(name) != "" && !c.get(declared, name).there() {
			say("the header %s is not documented", name)
		}
	}
}

func (c *Contract) checkAnswer(answer node, x Exchange, say sayer) {
	content := c.get(answer, "content")
	if !content.there() {
		if x.Answer != "" {
			say("there is a body, and none is documented: %s", short(x.Answer))
		}
		return
	}
	got := mediaType(x.Answered)
	described := c.get(content, got)
	if !described.there() {
		say("the media type %q is not documented", got)
		return
	}
	if !strings.HasSuffix(got, "json") {
		return
	}
	if wrong := c.wrongJSON(c.get(described, "schema"), x.Answer); wrong != "" {
		say("%s\nin %s", wrong, short(x.Answer))
	}
}

func mediaType(h http.Header) string {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media
}

func short(s string) string {
	if len(s) > 400 {
		return s[:400] + "..."
	}
	return strings.TrimSpace(s)
}
