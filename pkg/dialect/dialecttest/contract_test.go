package dialecttest

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/openapi/openapitest"
)

// TestAPromiseThatIsBrokenIsReported gives a service a description that it does not keep.
func TestAPromiseThatIsBrokenIsReported(t *testing.T) {
	s := Start(t, SQLite(t), Options{})
	kept := s.promise
	doc, err := s.App.API.Document()
	if err != nil {
		t.Fatal(err)
	}
	other, err := openapitest.New([]byte(strings.ReplaceAll(string(doc), `"expiresIn"`, `"endsIn"`)))
	if err != nil {
		t.Fatal(err)
	}
	broken := &promise{contract: other}
	s.promise = broken
	s.Register(t, "ada@example.com", "engines weave numbers")
	s.Login(t, "ada@example.com", "engines weave numbers")
	s.Login(t, "ada@example.com", "engines weave numbers")
	s.promise = kept             // it is the one that is reported when the test ends
	if len(broken.broken) != 2 { // each operation once, however often
		t.Errorf("got %q", broken.broken)
	}
	for _, b := range broken.broken {
		if !strings.Contains(b, "'expiresIn' not allowed") {
			t.Errorf("got %s", b)
		}
	}
	if len(kept.broken) > 0 {
		t.Errorf("got %q", kept.broken)
	}
}
