package recent_test

import (
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/recent"
)

func TestWhatIsInUseIsRememberedAndTheRestForgotten(t *testing.T) {
	m := recent.Map[int, int]{Size: 10}
	for i := range 100 {
		m.Add(i, i*i)
		if got, ok := m.Find(0); !ok || got != 0 {
			t.Fatalf("what is used all the time is forgotten after %d others", i)
		}
	}
	known := 0
	for i := range 100 {
		if got, ok := m.Find(i); ok {
			known++
			if got != i*i {
				t.Errorf("%d is remembered as %d", i, got)
			}
		}
	}
	if known < 10 || known > 30 {
		t.Errorf("%d of 100 are remembered, want 10 to 20 and what looking brought", known)
	}
	if _, ok := m.Find(1); ok {
		t.Error("the longest unused is still there")
	}
}

func TestTheLastValueOfAKeyCounts(t *testing.T) {
	m := recent.Map[string, int]{Size: 1}
	m.Add("a", 1)
	m.Add("b", 1)
	m.Add("a", 2)
	if got, _ := m.Find("a"); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestManyMayUseItAtOnce(t *testing.T) {
	m := recent.Map[int, int]{Size: 8}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				m.Add(i%20, i%20)
				if v, ok := m.Find((i + g) % 20); ok && v != (i+g)%20 {
					t.Errorf("%d is remembered as %d", (i+g)%20, v)
				}
			}
		})
	}
	wg.Wait()
}
