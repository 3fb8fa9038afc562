package bridge_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

func TestOnlyAConfiguredSecretIsTaken(t *testing.T) {
	w := newWorld(t, secret, older)
	w.Guard.Off = true
	for _, c := range []struct {
		name, presented string
		want            error
	}{
		{"the secret", secret, nil},
		{"the one that it replaces", older, nil},
		{"nothing", "", bridge.ErrInvalidSecret},
		{"both", secret + "," + older, bridge.ErrInvalidSecret},
		{"the other case", strings.ToUpper(secret), bridge.ErrInvalidSecret},
		{"with a space", secret + " ", bridge.ErrInvalidSecret},
		{"the first half", secret[:len(secret)/2], bridge.ErrInvalidSecret},
		{"with one character more", secret + "x", bridge.ErrInvalidSecret},
		{"one that was taken away", "a-secret-of-last-year-0123456789-abcd", bridge.ErrInvalidSecret},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := w.Authenticate(t.Context(), identity.Client{IP: "192.0.2.1"}, c.presented); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestWithoutSecretsNobodyIsABridge(t *testing.T) {
	for name, w := range map[string]*world{"none": newWorld(t), "an empty one": newWorld(t, "")} {
		for _, presented := range []string{"", secret} {
			if err := w.Authenticate(t.Context(), identity.Client{IP: "192.0.2.1"}, presented); !errors.Is(err, bridge.ErrInvalidSecret) {
				t.Errorf("%s configured, %q presented: %v", name, presented, err)
			}
		}
	}
}

func TestWrongSecretsAreCountedAndRightOnesPass(t *testing.T) {
	w := newWorld(t, secret)
	here, there := identity.Client{IP: "192.0.2.1"}, identity.Client{IP: "192.0.2.2"}
	try := func(from identity.Client, presented string) error {
		return w.Authenticate(t.Context(), from, presented)
	}
	var wrong, limited atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			switch err := try(here, "wrong"); {
			case errors.Is(err, bridge.ErrInvalidSecret):
				wrong.Add(1)
			case errors.Is(err, limit.ErrRateLimited):
				limited.Add(1)
			default:
				t.Errorf("a wrong secret: %v", err)
			}
		})
	}
	all.Wait()
	if wrong.Load() != 10 || limited.Load() != 40 {
		t.Errorf("of 50 wrong secrets at once %d were looked at and %d held off, want 10 and 40", wrong.Load(), limited.Load())
	}
	if err := try(here, secret); err != nil {
		t.Errorf("the right secret from there: %v", err)
	}
	if err := try(there, "wrong"); !errors.Is(err, bridge.ErrInvalidSecret) {
		t.Errorf("a wrong secret from elsewhere: %v", err)
	}
	w.advance(15 * time.Minute)
	if err := try(here, "wrong"); !errors.Is(err, bridge.ErrInvalidSecret) {
		t.Errorf("a wrong secret in the next window: %v", err)
	}
}

func TestASecretInTheBodyIsCountedLikeOneInTheHeader(t *testing.T) {
	w := newWorld(t, secret)
	id := w.signIn(t).ID
	by := identity.Actor{Client: identity.Client{IP: "192.0.2.1"}}
	if v, err := w.ValidateWith(t.Context(), by, secret, id); err != nil || v.TrustToken == "" {
		t.Errorf("with the right secret: %v", err)
	}
	for range 10 {
		if _, err := w.ValidateWith(t.Context(), by, "wrong", id); !errors.Is(err, bridge.ErrInvalidSecret) {
			t.Errorf("with a wrong one: %v", err)
		}
	}
	if err := w.Authenticate(t.Context(), by.Client, "wrong"); !errors.Is(err, limit.ErrRateLimited) {
		t.Errorf("in the header after ten in the body: %v", err)
	}
	// A server that names whom it speaks for is counted by its own address all the same.
	named := identity.Actor{Key: &identity.APIKey{Kind: identity.Secret}, Peer: "192.0.2.1", Client: identity.Client{IP: "203.0.113.1"}}
	if _, err := w.ValidateWith(t.Context(), named, "wrong", id); !errors.Is(err, limit.ErrRateLimited) {
		t.Errorf("from there for somebody else: %v", err)
	}
}
