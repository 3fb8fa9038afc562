package provider_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
)

// TestAKnownProviderIsNotWaitedFor for long when it is slow to say what is new.
func TestAKnownProviderIsNotWaitedFor(t *testing.T) {
	p, there, at := start(t, "okta")
	if _, err := p.AuthURL(t.Context(), authorization()); err != nil {
		t.Fatal(err)
	}
	there.Hold()
	at.Advance(2 * time.Hour)
	p.Wait(time.Millisecond, time.Hour)
	if _, err := p.AuthURL(t.Context(), authorization()); err != nil { // nobody ends the call
		t.Errorf("known: %v", err)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 10 * time.Second}, provider.Waits()); diff != "" {
		t.Errorf("how long it waits (-want +got):\n%s", diff)
	}
	at.Advance(24 * time.Hour)
	if _, err := p.AuthURL(short(t), authorization()); err == nil {
		t.Error("what it said yesterday still serves")
	}
}
