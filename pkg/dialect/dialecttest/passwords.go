package dialecttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync/atomic"
)

// Passwords stands in for the hasher where a scenario is about everything but hashing. It is
// quick, and it counts the computations that the hasher would have made, which all cost the
// same. It is safe for concurrent use.
type Passwords struct{ work atomic.Int64 }

// QuickPasswords gives the nodes such a stand-in, which they share. It must come before their
// first request.
func QuickPasswords(nodes ...*Server) *Passwords {
	p := &Passwords{}
	for _, n := range nodes {
		n.App.Signin.Passwords, n.App.Accounts.Passwords = p, p
	}
	return p
}

// Work returns how many computations there were since it was last called.
func (p *Passwords) Work() int64 { return p.work.Swap(0) }

// Hash implements account.Passwords.
func (p *Passwords) Hash(_ context.Context, password string) (string, error) {
	p.work.Add(1)
	sum := sha256.Sum256([]byte(password))
	return "$quick$" + hex.EncodeToString(sum[:]), nil
}

// Verify implements account.Passwords.
func (p *Passwords) Verify(ctx context.Context, phc, password string) (ok, rehash bool, err error) {
	want, err := p.Hash(ctx, password)
	return phc == want, false, err
}

// VerifyNobody implements account.Passwords.
func (p *Passwords) VerifyNobody(ctx context.Context, password string) error {
	_, err := p.Hash(ctx, password)
	return err
}
