package handoff_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
)

// What is refused, to the letter, is tested where the rule is: in pkg/redirect.
func TestABrowserGoesOnlyWhereItMay(t *testing.T) {
	s := &handoff.Service{
		PublicURL: "https://id.example.com", AppURL: "/app/", Origins: []string{"https://app.example.org", "http://localhost:5173"},
	}
	for _, c := range []struct{ name, wanted, want string }{
		{"nothing asked for is the app", "", "https://id.example.com/app/"},
		{"a path is on our origin", "/app/orders?id=7", "https://id.example.com/app/orders?id=7"},
		{"our own origin", "https://id.example.com/x", "https://id.example.com/x"},
		{"an allowed origin", "https://app.example.org/x?y=1", "https://app.example.org/x?y=1"},
		{"an allowed origin with a port", "http://localhost:5173/", "http://localhost:5173/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.Destination(c.wanted)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
	for _, wanted := range []string{
		"//evil.example", "/\\evil.example", "https://id.example.com@evil.example/", "https://app.example.org.evil.example/",
		"https://app.example.org:444/", "http://app.example.org/", "javascript:alert(1)", "/x#SF_Token=1", "https://evil.example",
	} {
		got, err := s.Destination(wanted)
		if f := fault.From(err); err == nil || len(f.Fields) != 1 || f.Fields[0].Field != "continue" {
			t.Errorf("%q goes to %q, %v", wanted, got, err)
		}
	}
}
