package dialecttest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/openapi/openapitest"
)

// contracts are the descriptions that this test binary has met. Reading one takes longer than
// most scenarios, so services that describe themselves alike share it.
type contracts struct {
	mu    sync.Mutex
	known map[string]*openapitest.Contract
}

var described contracts

func (c *contracts) of(a *app.App) (*openapitest.Contract, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, p := range a.API.Parts {
		names = append(names, p.Name, p.At, p.YAML)
	}
	key := strings.Join(names, " ")
	if found, ok := c.known[key]; ok {
		return found, nil
	}
	doc, err := a.API.Document()
	if err != nil {
		return nil, err
	}
	read, err := openapitest.New(doc)
	if err == nil {
		if c.known == nil {
			c.known = map[string]*openapitest.Contract{}
		}
		c.known[key] = read
	}
	return read, err
}

// promise remembers where a node did not answer as its service describes itself: requests are
// sent from goroutines that have no test to fail.
type promise struct {
	contract *openapitest.Contract

	mu     sync.Mutex
	broken []string
}

const maxBroken = 20 // a loop breaks the same promise often

func (p *promise) check(req *http.Request, body string, r Response) {
	if p == nil {
		return // a server in another process, whose description nobody has read
	}
	header := http.Header{}
	for name, values := range req.Header { // scenarios spell some their own way
		header[http.CanonicalHeaderKey(name)] = values
	}
	found := p.contract.Check(openapitest.Exchange{
		Method: req.Method, Target: req.URL.RequestURI(), Header: header, Body: body,
		Status: r.Status, Answered: r.Header, Answer: r.Body,
	})
	if len(found) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range found {
		what, _, _ := strings.Cut(f, "\nin ") // the message itself is another one each time
		same := func(other string) bool { return strings.HasPrefix(other, what) }
		if len(p.broken) < maxBroken && !slices.ContainsFunc(p.broken, same) {
			p.broken = append(p.broken, f)
		}
	}
}

func (p *promise) report(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.broken {
		t.Errorf("not as openapi.json has it: %s", b)
	}
}
