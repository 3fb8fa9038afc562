package provider_test

import (
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestApplesSecretIsRenewed(t *testing.T) {
	p, there, at := start(t, "apple")
	first, err := p.Secret()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if again, err := p.Secret(); again != first || err != nil {
				t.Errorf("it is made anew each time: %v", err)
			}
		})
	}
	all.Wait()
	at.Advance(55*time.Minute - time.Second)
	if again, _ := p.Secret(); again != first {
		t.Error("it is renewed too early")
	}
	for range 3 {
		at.Advance(time.Second)
		if again, _ := p.Secret(); again == first {
			t.Error("it is not renewed before it expires")
		}
		if _, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization()); err != nil {
			t.Errorf("apple refuses it: %v", err) // the stand-in looks at signature, claims and times
		}
		at.Advance(200 * 24 * time.Hour)
	}
	at.Advance(-400 * 24 * time.Hour) // a clock that was wrong
	if _, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization()); err != nil {
		t.Errorf("apple refuses it after the clock was set: %v", err)
	}
}

func TestApplesSecretIsOfTheRightKey(t *testing.T) {
	other := providertest.Start(t, "apple", jane()).Config().ClientSecret
	for name, change := range map[string]func(*provider.Config){
		"another key": func(c *provider.Config) { c.ClientSecret = other }, "another team": func(c *provider.Config) { c.TeamID = "x" }, "another id": func(c *provider.Config) { c.KeyID = "x" },
	} {
		p, there, _ := start(t, "apple", change)
		_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
		if wants(t, err, provider.ErrUnavailable); t.Failed() { // it is not the user's fault
			t.Fatal(name)
		}
	}
}
