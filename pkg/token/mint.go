package token

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"runtime"

	"github.com/golang-jwt/jwt/v5"
)

// Minter signs access and trust tokens. It runs at most one RSA operation per processor, so that a
// burst of sign-ins queues here instead of slowing everything else down. Make it with
// NewMinter; it is safe for concurrent use.
type Minter struct {
	slots chan struct{}
}

// NewMinter returns a Minter for this machine.
func NewMinter() *Minter {
	return &Minter{slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Mint signs the claims with a key and names it in the header: exactly alg, kid and typ. It
// waits for a free processor as long as ctx lasts.
func (m *Minter) Mint(ctx context.Context, kid string, key *rsa.PrivateKey, c Claims) (string, error) {
	payload, err := c.marshal()
	if err != nil {
		return "", fmt.Errorf("token: encode claims: %w", err)
	}
	return m.sign(ctx, kid, key, Type, payload)
}

// sign makes a token of a payload.
func (m *Minter) sign(ctx context.Context, kid string, key *rsa.PrivateKey, typ string, payload []byte) (string, error) {
	header := `{"alg":"RS256","kid":"` + kid + `","typ":"` + typ + `"}`
	input := encode([]byte(header)) + "." + encode(payload)
	select {
	case m.slots <- struct{}{}:
	case <-ctx.Done():
		return "", fmt.Errorf("token: wait to sign: %w", ctx.Err())
	}
	signature, err := jwt.SigningMethodRS256.Sign(input, key)
	<-m.slots
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return input + "." + encode(signature), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
