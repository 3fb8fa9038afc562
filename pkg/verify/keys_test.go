package verify_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// wants fails the test unless a fresh token is answered like that.
func wants(t *testing.T, i *issuer, v *verify.Verifier, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), i.token(t)); !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("got %v, want %v", err, want)
	}
}

func (i *issuer) wantsFetches(t *testing.T, want int32) {
	t.Helper()
	if got := i.fetches.Load(); got != want {
		t.Errorf("the key set was fetched %d times, want %d", got, want)
	}
}

// strange returns a token whose key id nobody knows.
func strange(good string) string {
	_, rest, _ := strings.Cut(good, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"`+rand.Text()+`","typ":"at+jwt"}`)) + "." + rest
}

func TestTheKeySetIsKeptAsLongAsItSays(t *testing.T) {
	for name, tc := range map[string]struct {
		header string
		age    time.Duration
	}{
		"what it says":               {"public, max-age=300", 5 * time.Minute},
		"what it says, quoted":       {`Max-Age="120"`, 2 * time.Minute},
		"a minute at least":          {"max-age=1", time.Minute},
		"an hour at most":            {"max-age=86400", time.Hour},
		"an hour for a huge number":  {"max-age=2147483647", time.Hour},
		"five minutes by default":    {"public", 5 * time.Minute},
		"five minutes for no number": {"max-age=soon", 5 * time.Minute},
		"a minute for no-store":      {"no-store, max-age=600", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			body, _, err := keyset.JWKS(i.published)
			if err != nil {
				t.Fatal(err)
			}
			i.serve(says(http.StatusOK, string(body), "Cache-Control", tc.header))
			v := i.verifier(t)
			i.advance(tc.age - time.Second)
			wants(t, i, v, nil)
			i.wantsFetches(t, 1)
			i.advance(2 * time.Second)
			wants(t, i, v, nil)
			i.wantsFetches(t, 2)
		})
	}
}

func TestANewKeyIsFetchedAtOnce(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	old := i.token(t)
	wants(t, i, v, nil)
	i.rotate(t)
	i.publish(t)
	wants(t, i, v, nil)
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Errorf("signed by the old key: %v", err)
	}
	i.wantsFetches(t, 2)
}

func TestAKeyThatIsTakenOutIsRefusedWhenTheSetIsFetchedAgain(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	old := i.token(t)
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	i.rotate(t)
	i.published = i.published[1:]
	i.publish(t)
	i.advance(6 * time.Minute)
	if _, err := v.Verify(t.Context(), old); !errors.Is(err, verify.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

// Attack A-05: the issuer must not feel it.
func TestUnknownKeysCauseNoStorm(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	good := i.token(t)
	for round := range int32(3) {
		for range 1000 {
			if _, err := v.Verify(t.Context(), strange(good)); !errors.Is(err, verify.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
		}
		i.wantsFetches(t, 2+round) // one for the set, one for the first unknown key of each round
		i.advance(10 * time.Second)
	}
}

func TestFiftyWhoNeedTheKeysFetchThemOnce(t *testing.T) {
	i := newIssuer(t)
	good := i.token(t)
	i.down()
	v := i.verifier(t)
	i.advance(time.Second)
	i.publish(t)
	publish, release := i.handler(&i.jwks), make(chan struct{})
	i.serve(func(w http.ResponseWriter, r *http.Request) {
		<-release
		publish(w, r)
	})
	before := i.fetches.Load()
	var begun, done sync.WaitGroup
	begun.Add(50)
	for range 50 {
		done.Go(func() {
			begun.Done()
			if _, err := v.Verify(t.Context(), good); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	close(release)
	done.Wait()
	i.wantsFetches(t, before+1)
}

func TestOldKeysAreUsedWhileTheIssuerIsDown(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	i.down()
	for range 23 {
		i.advance(time.Hour)
		for range 20 {
			wants(t, i, v, nil)
		}
	}
	i.wantsFetches(t, 24) // one each hour, however many asked
	i.advance(time.Hour + time.Second)
	wants(t, i, v, verify.ErrUnavailable)
	i.publish(t)
	i.advance(time.Second)
	wants(t, i, v, nil)
}

func TestAnUnknownKeyIsNotRefusedForGoodWhileTheIssuerIsDown(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	i.rotate(t)
	i.down()
	wants(t, i, v, verify.ErrUnavailable)
	i.publish(t)
	i.advance(10 * time.Second)
	wants(t, i, v, nil)
}

func TestTheVerifierMayStartBeforeTheIssuer(t *testing.T) {
	i := newIssuer(t)
	i.down()
	v := i.verifier(t)
	for range 100 {
		wants(t, i, v, verify.ErrUnavailable)
	}
	i.wantsFetches(t, 1) // at most one a second
	i.publish(t)
	i.advance(time.Second)
	wants(t, i, v, nil)
	wants(t, i, v, nil)
	i.wantsFetches(t, 2)
}

func TestNobodyWaitsInAnOutageThatIsKnown(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t)
	i.down()
	i.advance(6 * time.Minute)
	wants(t, i, v, nil) // this one had to wait for the failure
	i.advance(11 * time.Second)
	arrived, release := make(chan struct{}), make(chan struct{})
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		w.WriteHeader(http.StatusBadGateway)
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, i.token(t)); err != nil {
		t.Errorf("one who cannot wait: %v", err)
	}
	<-arrived // and it is tried all the same
	close(release)
}

func TestAHangingIssuerIsGivenUpAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		v, err := verify.New(t.Context(), "https://id.example.com", verify.Audience(audience),
			verify.HTTPClient(&http.Client{Transport: hang}), verify.Logger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, err := v.Verify(t.Context(), "nothing"); !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("got %v: what is no token needs no key", err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhoHangsUpDoesNotWait(t *testing.T) {
	i := newIssuer(t)
	good := i.token(t)
	i.down()
	v := i.verifier(t)
	i.advance(time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	i.serve(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	})
	defer close(release)
	if _, err := v.Verify(ctx, good); !errors.Is(err, verify.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
