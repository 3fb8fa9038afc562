package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func counters() []promise {
	return []promise{
		{"Hit counts up, and the window begins with the first hit", hit},
		{"a window ends exactly at ResetsAt, and the next hit begins another", hitWindowEnds},
		{"Hit moves several counters and returns them in the order of the call", hitSeveral},
		{"Hit keeps counters apart whose keys differ in anything", hitKeysApart},
		{"of 100 concurrent Hit each sees another N, and all see one window", hitRace},
		{"of 50 concurrent Hit after the end of a window each sees another N of the new one", hitRaceAtEnd},
		{"concurrent Hit of the same counters in another order all succeed and count", hitCrossRace},
		{"Peek returns where a counter stands without moving it", peek},
		{"Peek returns N 0 when there is no window, or it is over", peekNone},
		{"Forget ends the windows of the named counters and of no others", forget},
	}
}

func (k *kit) hit(now time.Time, c ...store.Counter) []store.Count {
	k.Helper()
	got, err := k.s.Hit(k.ctx, now, c...)
	k.ok(err)
	return got
}

func (k *kit) peeks(now time.Time, key string, n int64) {
	k.Helper()
	got, err := k.s.Peek(k.ctx, now, counter(key))
	k.ok(err)
	k.equal("the hits of "+key, got.N, n)
}

func hit(k *kit) {
	for n := range int64(5) {
		now := at(time.Duration(n) * time.Second)
		k.equal("the count", k.hit(now, counter("a")), []store.Count{{N: n + 1, ResetsAt: at(time.Minute)}})
	}
	// A node whose clock is behind hits the window that stands.
	k.equal("the count", k.hit(at(-time.Second), counter("a")), []store.Count{{N: 6, ResetsAt: at(time.Minute)}})
}

func hitWindowEnds(k *kit) {
	k.hit(at(0), counter("a"))
	last := at(time.Minute - time.Millisecond)
	k.equal("the last hit", k.hit(last, counter("a")), []store.Count{{N: 2, ResetsAt: at(time.Minute)}})
	k.equal("the next hit", k.hit(at(time.Minute), counter("a")), []store.Count{{N: 1, ResetsAt: at(2 * time.Minute)}})
	later := at(time.Hour)
	k.equal("a hit much later", k.hit(later, counter("a")), []store.Count{{N: 1, ResetsAt: later.Add(time.Minute)}})
}

func hitSeveral(k *kit) {
	a, b := store.Counter{Key: "a", Window: time.Minute}, store.Counter{Key: "b", Window: 15 * time.Minute}
	k.hit(at(0), b)
	got := k.hit(at(time.Second), b, a)
	k.equal("both counts", got, []store.Count{{N: 2, ResetsAt: at(15 * time.Minute)}, {N: 1, ResetsAt: at(time.Minute + time.Second)}})
	got = k.hit(at(2*time.Minute), a, b)
	k.equal("both counts", got, []store.Count{{N: 1, ResetsAt: at(3 * time.Minute)}, {N: 3, ResetsAt: at(15 * time.Minute)}})
}

func hitKeysApart(k *kit) {
	long := strings.Repeat("x", 199)
	for _, key := range []string{"a", "A", "a ", " a", "a:b", "a.b", "$a", "%", "é", "e\u0301", "\"'", long + "1", long + "2"} {
		k.equal("the count of "+key, k.hit(at(0), counter(key))[0].N, int64(1))
	}
}

// distinct ends the check unless the counts are 1 to len(counts) in one window.
func (k *kit) distinct(counts []store.Count, resetsAt time.Time) {
	k.Helper()
	slices.SortFunc(counts, func(a, b store.Count) int { return int(a.N - b.N) })
	for i, c := range counts {
		k.equal("a count", c, store.Count{N: int64(i + 1), ResetsAt: resetsAt})
	}
}

func (k *kit) hitAtOnce(n int, now time.Time, c store.Counter) []store.Count {
	k.Helper()
	counts := make([]store.Count, n)
	k.all(race(n, func(i int) error {
		got, err := k.s.Hit(k.ctx, now, c)
		if err == nil && len(got) != 1 {
			return fmt.Errorf("%d counts for one counter", len(got))
		}
		if err == nil {
			counts[i] = got[0]
		}
		return err
	}))
	return counts
}

func hitRace(k *kit) {
	k.distinct(k.hitAtOnce(100, at(0), counter("a")), at(time.Minute))
	k.peeks(at(0), "a", 100)
}

func hitRaceAtEnd(k *kit) {
	for round := range 4 {
		now := at(time.Duration(round) * time.Minute)
		k.distinct(k.hitAtOnce(50, now, counter("a")), now.Add(time.Minute))
	}
}

func hitCrossRace(k *kit) {
	var mu sync.Mutex
	seen := map[string][]store.Count{}
	k.all(race(40, func(i int) error {
		keys := []string{"a", "b", "c"}
		if i%2 == 0 {
			slices.Reverse(keys)
		}
		got, err := k.s.Hit(k.ctx, at(0), counter(keys[0]), counter(keys[1]), counter(keys[2]))
		mu.Lock()
		defer mu.Unlock()
		for n, c := range got {
			seen[keys[n]] = append(seen[keys[n]], c)
		}
		return err
	}))
	for _, key := range []string{"a", "b", "c"} {
		k.equal("how many hits "+key+" had", len(seen[key]), 40)
		k.distinct(seen[key], at(time.Minute))
	}
}

func peek(k *kit) {
	k.hit(at(0), counter("a"))
	k.hit(at(0), counter("a"))
	for range 3 {
		got, err := k.s.Peek(k.ctx, at(time.Minute-time.Millisecond), counter("a"))
		k.ok(err)
		k.equal("the count", got, store.Count{N: 2, ResetsAt: at(time.Minute)})
	}
	k.equal("the next hit", k.hit(at(time.Second), counter("a"))[0].N, int64(3))
}

func peekNone(k *kit) {
	k.peeks(at(0), "a", 0)
	k.equal("the first hit", k.hit(at(0), counter("a")), []store.Count{{N: 1, ResetsAt: at(time.Minute)}})
	k.peeks(at(time.Minute), "a", 0)
	k.peeks(at(time.Hour), "a", 0)
	k.peeks(at(0), "A", 0)
}

func forget(k *kit) {
	for range 3 {
		k.hit(at(0), counter("a"), counter("b"), counter("c"))
	}
	k.ok(k.s.Forget(k.ctx, "a", "c", "never hit"))
	k.peeks(at(time.Second), "a", 0)
	k.peeks(at(time.Second), "b", 3)
	k.peeks(at(time.Second), "c", 0)
	now := at(2 * time.Second)
	k.equal("the hit after", k.hit(now, counter("a")), []store.Count{{N: 1, ResetsAt: now.Add(time.Minute)}})
}
