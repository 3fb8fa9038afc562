package keyset_test

import (
	"crypto/rsa"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func policy() keyset.Policy {
	return keyset.Policy{
		Rotation: 30 * day, Lead: day, TokenTTL: time.Hour, Skew: 30 * time.Second, MaxAge: 5 * time.Minute, Bits: 2048,
	}
}

// key returns a key that has the form of an RSA key. Nothing can sign with it, and nothing
// here needs to.
func key(n uint64) keyset.Key {
	r := rand.New(rand.NewPCG(n, 0))
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	b[0] |= 0x80
	b[255] |= 1
	k := keyset.NewKey(&rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537}, []byte("sealed"))
	k.CreatedAt, k.PublishedAt = epoch, epoch
	return k
}

// set returns keys that activate at these times after the epoch, in order.
func set(after ...time.Duration) keyset.Set {
	var s keyset.Set
	for i, d := range after {
		k := key(uint64(i))
		k.ActivatesAt, k.KeepFor = epoch.Add(d), policy().Keep()
		s.Keys = append(s.Keys, k)
	}
	return s
}

// states spells a timeline in letters: p, a, g (retiring), d (retired).
func states(s keyset.Set, now time.Time, p keyset.Policy) string {
	letters := map[keyset.State]string{keyset.Pending: "p", keyset.Active: "a", keyset.Retiring: "g", keyset.Retired: "d"}
	var out strings.Builder
	for _, r := range s.Timeline(now, p) {
		out.WriteString(letters[r.State])
	}
	return out.String()
}

func TestStateFollowsTheClock(t *testing.T) {
	keep := policy().Keep()
	s := set(0, 30*day, 60*day)
	for name, tc := range map[string]struct {
		after time.Duration
		want  string
	}{
		"a clock behind all keys still has one that signs":  {-10 * 365 * day, "app"},
		"the first key signs from its first instant":        {0, "app"},
		"an instant before the second it still does":        {30*day - 1, "app"},
		"at that instant the second one does":               {30 * day, "gap"},
		"the first is kept until the last token it signed":  {30*day + keep - 1, "gap"},
		"and is gone then":                                  {30*day + keep, "dap"},
		"the third in its turn":                             {60 * day, "dga"},
		"the last key signs until somebody adds another":    {90 * day, "dda"},
		"a clock ten years ahead has a key that signs, too": {10 * 365 * day, "dda"},
	} {
		t.Run(name, func(t *testing.T) {
			now := epoch.Add(tc.after)
			if got := states(s, now, policy()); got != tc.want {
				t.Errorf("states %s, want %s", got, tc.want)
			}
			var published int
			for _, k := range s.Published(now, policy()) {
				if k.KID == s.Active(now).KID {
					published++
				}
			}
			if want := len(tc.want) - strings.Count(tc.want, "d"); len(s.Published(now, policy())) != want || published != 1 {
				t.Errorf("%d keys published, want %d with the active one", len(s.Published(now, policy())), want)
			}
		})
	}
}

func TestHoldsIsTheSpanWithoutAChange(t *testing.T) {
	p, s := policy(), set(0, 30*day, 60*day)
	for h := -48; h < 70*24; h += 5 {
		now := epoch.Add(time.Duration(h) * time.Hour)
		from, until := s.Holds(now, p)
		if now.Before(from) || !until.IsZero() && !now.Before(until) {
			t.Fatalf("%v is not within %v to %v", now, from, until)
		}
		want := states(s, now, p)
		if got := states(s, from, p); !from.IsZero() && got != want {
			t.Errorf("%v: %s at the start, %s now", now, got, want)
		}
		if until.IsZero() {
			continue
		}
		// The first key signs before its time when it has to, so that its time changes nothing.
		ends := states(s, until, p) != want || until.Equal(epoch)
		if states(s, until.Add(-1), p) != want || !ends {
			t.Errorf("%v: the span does not end at %v", now, until)
		}
	}
}

func TestKeyIsKeptForTheLongestTimePromised(t *testing.T) {
	s, short := set(0, 30*day), policy()
	s.Keys[0].KeepFor = 25 * time.Hour // it signed while tokens lived for a day
	short.TokenTTL = 5 * time.Minute
	if got := states(s, epoch.Add(31*day), short); got != "ga" {
		t.Errorf("states %s: the key left while its tokens lived", got)
	}
}

func TestTimeline(t *testing.T) {
	p, s := policy(), set(0, 30*day)
	want := []keyset.Row{
		{
			KID: s.Keys[0].KID, State: keyset.Active, CreatedAt: epoch, ActivatesAt: epoch,
			RetiresAt: epoch.Add(30 * day), RemovedAt: epoch.Add(30*day + p.Keep()),
		},
		{
			KID: s.Keys[1].KID, State: keyset.Pending, CreatedAt: epoch, ActivatesAt: epoch.Add(30 * day),
			RetiresAt: epoch.Add(60 * day), RemovedAt: epoch.Add(60*day + p.Keep()),
		},
	}
	if diff := cmp.Diff(want, s.Timeline(epoch.Add(29*day), p)); diff != "" {
		t.Error(diff)
	}
	late := set(0).Timeline(epoch.Add(90*day), p)
	if want := epoch.Add(90*day + p.Ahead()); !late[0].RetiresAt.Equal(want) {
		t.Errorf("an overdue key retires at %v, want as soon as the lead allows, %v", late[0].RetiresAt, want)
	}
}
