package native_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAProviderThatIsDownKeepsNobodyElseOut(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		w := newWorld(t, open, []string{"google", "keycloak"})
		google := w.providers["google"]
		w.Register(t, "bob@example.com", goodPassword)
		google.Down(true)
		token := google.AccessToken(providertest.ClientID)
		w.Run(t, []kase{
			{Name: "an ID token", Request: w.enter("google", "idToken", w.idToken(t, "google")), Status: 503, Code: "social_unavailable"},
			{Name: "an access token", Request: w.enter("google", "accessToken", token), Status: 503, Code: "social_unavailable"},
		})
		if r := w.Do(t, request{Path: "/auth/social/google/login"}); r.Status != 503 || r.Header.Get("Location") != "" || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("a browser: %d %s", r.Status, r.Header)
		}
		w.Login(t, "bob@example.com", goodPassword)
		if w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject) != "" {
			t.Error("somebody came in")
		}
		authorization(t, w.Do(t, w.enter("keycloak", "idToken", w.idToken(t, "keycloak"))))
		google.Down(false)
		w.Clock.Advance(10 * time.Second) // a failure is remembered for a moment
		authorization(t, w.Do(t, w.enter("google", "idToken", w.idToken(t, "google"))))
	})
}

// TestNobodyWaitsForAProviderThatHangs signs in by password all the while others wait.
func TestNobodyWaitsForAProviderThatHangs(t *testing.T) {
	t.Parallel() // what waits gives up by the clock of the machine
	w := newWorld(t, dialecttest.SQLite(t), []string{"google", "keycloak"})
	google := w.providers["google"]
	w.Register(t, "bob@example.com", goodPassword)
	google.Hold()
	for range 5 { // on a slow machine all of them may have given up before the password is looked at
		if signsInMeanwhile(t, w) {
			return
		}
	}
	t.Error("the password waited for the provider")
}

// signsInMeanwhile reports whether somebody came in by a password while others wait for a
// provider, who are all told that it does not answer.
func signsInMeanwhile(t *testing.T, w *world) bool {
	t.Helper()
	google := w.providers["google"]
	before := google.Hits(providertest.TokenInfoPath)
	var all sync.WaitGroup
	var done, unavailable atomic.Int64
	for range 20 {
		token := google.AccessToken(providertest.ClientID)
		all.Go(func() {
			r, err := w.Try(w.enter("google", "accessToken", token))
			if err == nil && r.Status == 503 && r.Code() == "social_unavailable" {
				unavailable.Add(1)
			}
			done.Add(1)
		})
	}
	for google.Hits(providertest.TokenInfoPath) < before+20 && done.Load() == 0 {
		continue
	}
	w.Login(t, "bob@example.com", goodPassword)
	meanwhile := done.Load() < 20
	for range 20 {
		w.Login(t, "bob@example.com", goodPassword)
	}
	authorization(t, w.Do(t, w.enter("keycloak", "idToken", w.idToken(t, "keycloak"))))
	all.Wait() // nobody releases them
	if unavailable.Load() != 20 || w.is(t, identity.LinkedIdentifier, "google:"+lovelace.Subject) != "" {
		t.Errorf("%d of 20 were told that the provider does not answer", unavailable.Load())
	}
	return meanwhile
}
