package storetest

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// promise is one sentence of the contract and the check that it is kept. Each check gets a
// fresh store.
type promise struct {
	sentence string
	check    func(k *kit)
}

// Run checks that the stores that open returns keep the contract of pkg/store. open is called
// once for each promise and returns a fresh, empty store; it registers with t.Cleanup whatever
// closes the store and takes its data away.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	parts := []struct {
		name     string
		promises []promise
	}{
		{"users", users()},
		{"search", searches()},
		{"sessions", sessions()},
		{"invitations", invitations()},
		{"redemptions", redemptions()},
		{"apikeys", apiKeys()},
		{"keysets", keySets()},
		{"counters", counters()},
		{"consequences", consequences()},
		{"auditlog", auditLog()},
		{"blobs", blobs()},
		{"upkeep", upkeep()},
		{"fidelity", fidelity()},
		{"contexts", contexts()},
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			for _, p := range part.promises {
				t.Run(p.sentence, func(t *testing.T) {
					s := open(t)
					p.check(&kit{T: t, s: s, b: s, ctx: t.Context()})
				})
			}
		})
	}
}
