package apikey_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestAuthenticateRefusesEverythingElseAlike(t *testing.T) {
	s, m := newService()
	id, good := create(t, s)
	dead, revoked := create(t, s)
	if err := s.Revoke(t.Context(), admin, dead); err != nil {
		t.Fatal(err)
	}
	_, expired, err := s.Create(t.Context(), admin, apikey.New{Name: "web", Kind: identity.Publishable, ExpiresIn: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	m.advance(time.Minute)
	last := good[len(good)-1:]
	other := "a"
	if last == other {
		other = "b"
	}
	for name, presented := range map[string]string{
		"nothing":                   "",
		"a prefix":                  "sk_",
		"a revoked key":             revoked,
		"an expired key":            expired,
		"a wrong last character":    good[:len(good)-1] + other,
		"a wrong first character":   "sk_" + id + "_" + swapCase(good[24:25]) + good[25:],
		"another key's secret":      opaque.Token{Prefix: "sk", ID: dead, Secret: good[24:]}.String(),
		"the other kind's prefix":   "pk" + good[2:],
		"an unknown prefix":         "ak" + good[2:],
		"an unknown id":             opaque.New("sk").String(),
		"lower case":                strings.ToLower(good),
		"upper case":                strings.ToUpper(good),
		"a truncated key":           good[:len(good)-1],
		"a longer key":              good + "a",
		"a space before":            " " + good,
		"a line break behind":       good + "\n",
		"the key twice":             good + "," + good,
		"the id alone":              id,
		"a hash instead of the key": string(opaque.NewFor("sk", id).Hash()),
		"a megabyte":                strings.Repeat("a", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			k, err := s.Authenticate(t.Context(), presented)
			f := fault.From(err)
			if !errors.Is(err, apikey.ErrInvalidKey) || f.Kind != fault.Unauthenticated || f.Code != "invalid_api_key" || k.ID != "" {
				t.Errorf("got %+v, %v, want ErrInvalidKey", k, err)
			}
			if f.Msg != apikey.ErrInvalidKey.Msg || f.Err != nil || f.RetryAfter != 0 {
				t.Errorf("the refusal differs: %+v", f)
			}
		})
	}
	if k, err := s.Authenticate(t.Context(), good); err != nil || k.ID != id || !k.Has(identity.ScopeUsersRead) {
		t.Errorf("the good key: %+v, %v", k, err)
	}
}

func swapCase(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	if low := strings.ToLower(s); low != s {
		return low
	}
	return string((s[0]-'0'+1)%10 + '0')
}

func TestAuthenticateReadsAKeyOnceInFiveSeconds(t *testing.T) {
	s, m := newService()
	_, good := create(t, s)
	for _, step := range []struct {
		advance time.Duration
		reads   int
	}{{0, 1}, {0, 1}, {4999 * time.Millisecond, 1}, {time.Millisecond, 2}, {0, 2}, {-time.Hour, 3}} {
		m.advance(step.advance)
		if _, err := s.Authenticate(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		if reads, _ := m.calls(); reads != step.reads {
			t.Errorf("%d reads after another %s, want %d", reads, step.advance, step.reads)
		}
	}
}

func TestARevokedKeyIsRefusedAtOnceHereAndSoonElsewhere(t *testing.T) {
	here, m := newService()
	there := node(m)
	there.CacheFor = 3 * time.Second
	id, good := create(t, here)
	for _, s := range []*apikey.Service{here, there} {
		if _, err := s.Authenticate(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	if err := here.Revoke(t.Context(), admin, id); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Authenticate(t.Context(), good); !errors.Is(err, apikey.ErrInvalidKey) {
		t.Errorf("here: %v", err)
	}
	m.advance(3 * time.Second)
	if _, err := there.Authenticate(t.Context(), good); !errors.Is(err, apikey.ErrInvalidKey) {
		t.Errorf("there, when its cache is over: %v", err)
	}
}

func TestAReadThatBeganBeforeARevocationIsNotBelievedAfterIt(t *testing.T) {
	s, m := newService()
	id, good := create(t, s)
	m.looked = func() {
		m.mu.Lock()
		m.looked = nil
		m.mu.Unlock()
		if err := s.Revoke(t.Context(), admin, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Fatalf("the request that came before the revocation: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), good); !errors.Is(err, apikey.ErrInvalidKey) {
		t.Errorf("the request that came after it: %v", err)
	}
}

func TestAuthenticateWhileTheStoreIsDown(t *testing.T) {
	s, m := newService()
	_, good := create(t, s)
	_, _ = s.Authenticate(t.Context(), good)
	m.setFail(store.ErrUnavailable)
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Errorf("a key that was just read: %v", err)
	}
	m.advance(5 * time.Second)
	for name, presented := range map[string]string{"an old key": good, "an unknown key": opaque.New("pk").String()} {
		if _, err := s.Authenticate(t.Context(), presented); fault.From(err).Code != "store_unavailable" {
			t.Errorf("%s: %v, want the store's error", name, err)
		}
	}
	m.setFail(nil)
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Errorf("when the store is back: %v", err)
	}
}

func TestMadeUpKeysFloodNeitherStoreNorMemory(t *testing.T) {
	s, m := newService()
	_, good := create(t, s)
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	var refused, busy int
	for range 60 { // a minute of 200 made-up keys a second
		for range 200 {
			_, err := s.Authenticate(t.Context(), opaque.New("sk").String())
			switch f := fault.From(err); f.Code {
			case "invalid_api_key":
				refused++
			case "store_unavailable":
				busy++
			default:
				t.Fatal(err)
			}
		}
		m.advance(time.Second)
		if _, err := s.Authenticate(t.Context(), good); err != nil {
			t.Fatalf("a known key during the flood: %v", err)
		}
	}
	if reads, _ := m.calls(); reads > 100+60*50+60 || refused+busy != 12000 || refused < 3000 {
		t.Errorf("%d reads, %d refused, %d turned away", reads, refused, busy)
	}
	if known, absent, reads, uses := s.Held(); known != 1 || absent > 1024 || reads != 0 || uses != 1 {
		t.Errorf("in memory: %d known, %d absent, %d reads, %d uses", known, absent, reads, uses)
	}
}

func TestAnAbsentKeyIsLookedUpOnceInFiveSeconds(t *testing.T) {
	s, m := newService()
	gone := opaque.New("pk").String()
	for range 1000 {
		if _, err := s.Authenticate(t.Context(), gone); !errors.Is(err, apikey.ErrInvalidKey) {
			t.Fatal(err)
		}
	}
	if reads, _ := m.calls(); reads != 1 {
		t.Errorf("%d reads, want 1", reads)
	}
}

func TestAKeyMadeOnAnotherNodeWorksAtOnce(t *testing.T) {
	s, m := newService()
	create(t, s)
	_, good := create(t, node(m))
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Error(err)
	}
}

func TestRequestsForOneKeyShareARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newService()
		_, good := create(t, s)
		release := make(chan struct{})
		m.looked = func() { <-release }
		var passed, cancelled atomic.Int64
		impatient, cancel := context.WithCancel(t.Context())
		for i := range 50 {
			ctx := t.Context()
			if i%10 == 0 {
				ctx = impatient
			}
			if i == 1 {
				synctest.Wait() // the first, who is impatient, has begun the read
			}
			go func() {
				switch _, err := s.Authenticate(ctx, good); {
				case err == nil:
					passed.Add(1)
				case fault.From(err).Kind == fault.Unavailable && errors.Is(err, context.Canceled):
					cancelled.Add(1)
				}
			}()
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		if cancelled.Load() != 5 {
			t.Errorf("%d of 5 requests that were given up have returned", cancelled.Load())
		}
		close(release)
		synctest.Wait()
		if reads, _ := m.calls(); reads != 1 || passed.Load() != 45 {
			t.Errorf("%d reads let %d through, want 1 and 45", reads, passed.Load())
		}
	})
}

func TestNoRequestThatFollowsARevocationPasses(t *testing.T) {
	s, _ := newService()
	var wg sync.WaitGroup
	for range 20 {
		id, good := create(t, s)
		var revoked atomic.Bool
		for range 4 {
			wg.Go(func() {
				for range 200 {
					after := revoked.Load()
					if _, err := s.Authenticate(t.Context(), good); err == nil && after {
						t.Error("a revoked key passed")
						return
					}
				}
			})
		}
		wg.Go(func() {
			if err := s.Revoke(t.Context(), admin, id); err != nil {
				t.Error(err)
			}
			revoked.Store(true)
			_ = s.Flush(t.Context())
		})
	}
	wg.Wait()
}

func TestCallersCannotAlterTheCache(t *testing.T) {
	s, _ := newService()
	_, good := create(t, s)
	k, err := s.Authenticate(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	k.Scopes[0] = identity.ScopeTokensWrite
	if again, _ := s.Authenticate(t.Context(), good); again.Has(identity.ScopeTokensWrite) {
		t.Error("a caller gave the key another scope")
	}
}

func FuzzAuthenticate(f *testing.F) {
	s, _ := newService()
	_, good, err := s.Create(context.Background(), admin, apikey.New{Name: "web", Kind: identity.Publishable})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", good, good[:40], "sk" + good[2:], good + "\x00", "pk__", strings.Repeat("_", 67)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, presented string) {
		k, err := s.Authenticate(t.Context(), presented)
		switch {
		case presented == good:
			if err != nil || k.Name != "web" {
				t.Fatalf("the good key: %+v, %v", k, err)
			}
		case err == nil:
			t.Fatalf("%q passed as %+v", presented, k)
		case !errors.Is(err, apikey.ErrInvalidKey) && len(presented) != len(good):
			t.Fatalf("%q: %v", presented, err)
		}
	})
}
