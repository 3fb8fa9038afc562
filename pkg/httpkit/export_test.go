package httpkit

import (
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Unexported functions that parse what comes from outside.
var (
	ReadJSON  = readJSON
	Ambiguous = ambiguous
)

// Pace has bodies given up that stall for so long.
func (k *Kit) Pace(d time.Duration) { k.uploads.pace = d }

// SameUploads returns a call of a user, of nobody if that is empty, that shares with those of another call.
func SameUploads(c, with *Call, user string) *Call {
	c.uploads = with.uploads
	if user != "" {
		c.Actor.User = &identity.User{ID: user}
	}
	return c
}

// WithUploads returns a call that counts what it holds of a file as those of one kit do; held says
// how much of the kit's share others hold already.
func WithUploads(c *Call, others int64) (counted *Call, taken func() int64) {
	h := new(held)
	h.n.Store(others)
	counted = &Call{Context: c.Context, Request: c.Request, uploads: h}
	return counted, func() int64 { return h.n.Load() - others }
}

// MaxHeld is how much uploads may hold together.
const MaxHeld = maxHeld
