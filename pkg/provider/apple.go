package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	appleSecretTTL = time.Hour       // Apple takes up to six months
	appleSecretEnd = 5 * time.Minute // how long before it expires the next one is made
)

// appleSecret makes the client secret that Apple asks for: a JWT that is signed with the team's key
// (Apple, "Creating a client secret").
type appleSecret struct {
	claims jwt.Claims
	signer jose.Signer
	now    func() time.Time

	mu      sync.Mutex
	current string
	expires time.Time
}

func newAppleSecret(c Config, issuer string, now func() time.Time) (*appleSecret, error) {
	if c.TeamID == "" || c.KeyID == "" {
		return nil, errors.New("provider: apple needs a team id and a key id")
	}
	block, _ := pem.Decode([]byte(c.ClientSecret))
	if block == nil {
		return nil, errors.New("provider: the secret of apple is no key as PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("provider: the secret of apple is no P-256 private key")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: c.KeyID}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("provider: apple: %w", err)
	}
	return &appleSecret{claims: jwt.Claims{Issuer: c.TeamID, Subject: c.ClientID, Audience: jwt.Audience{issuer}}, signer: signer, now: now}, nil
}

// get returns a secret that is good for a while, making one when the last is about to expire.
func (s *appleSecret) get() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.Before(s.expires.Add(-appleSecretEnd)) && !now.Before(s.expires.Add(-appleSecretTTL)) {
		return s.current, nil
	}
	claims := s.claims
	claims.IssuedAt, claims.Expiry = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(appleSecretTTL))
	made, err := jwt.Signed(s.signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("provider: apple: sign the client secret: %w", err)
	}
	s.current, s.expires = made, now.Add(appleSecretTTL)
	return made, nil
}
