package verify

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

type served int

// RoundTrip answers with an empty key set and counts.
func (s *served) RoundTrip(*http.Request) (*http.Response, error) {
	*s++
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"keys":[]}`))}, nil
}

// TestWhoComesLateDoesNotFetchAgain is about one who found the keys wanting and is overtaken
// by another's whole fetch before asking for one.
func TestWhoComesLateDoesNotFetchAgain(t *testing.T) {
	var fetches served
	k := newKeys(&remote{client: &http.Client{Transport: &fetches}}, "https://id.example.com", settings{now: clock, log: slog.New(slog.DiscardHandler)})
	seen := k.state.Load()
	<-k.fly(t.Context(), seen)
	<-k.fly(t.Context(), seen)
	if fetches != 1 {
		t.Errorf("fetched %d times", fetches)
	}
}
