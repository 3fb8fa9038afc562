package provider_test

import (
	"context"
	"testing"
	"time"
)

// TestAKnownProviderIsNotWaitedFor for long when it is slow to say what is new.
func TestAKnownProviderIsNotWaitedFor(t *testing.T) {
	p, there, at := start(t, "okta")
	if _, err := p.AuthURL(t.Context(), authorization()); err != nil {
		t.Fatal(err)
	}
	there.Hold()
	at.Advance(2 * time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // the call itself takes five
	defer cancel()
	if _, err := p.AuthURL(ctx, authorization()); err != nil {
		t.Errorf("known: %v", err)
	}
	at.Advance(24 * time.Hour)
	if _, err := p.AuthURL(short(t), authorization()); err == nil {
		t.Error("what it said yesterday still serves")
	}
}
