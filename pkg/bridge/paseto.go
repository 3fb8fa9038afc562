package bridge

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"aidanwoods.dev/go-paseto"
	"golang.org/x/crypto/blake2b"

	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// PASERK headers of an Ed25519 public key and of its id
// (https://github.com/paseto-standard/paserk, types public and pid).
const (
	publicKeyHeader = "k4.public."
	keyIDHeader     = "k4.pid."
	keyIDBytes      = 33
)

// PASETO makes trust tokens in the format v4.public: Ed25519, and nothing in the token that
// chooses how it is verified. Make it with NewPASETO; it is safe for concurrent use.
type PASETO struct {
	key    paseto.V4AsymmetricSecretKey
	footer []byte
	public []byte
}

// NewPASETO returns the PASETO whose key is derived from 32 secret bytes, so that nodes that
// have the same ones agree.
func NewPASETO(seed []byte) (*PASETO, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("bridge: a PASETO key comes from %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	key, err := paseto.NewV4AsymmetricSecretKeyFromEd25519(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return nil, fmt.Errorf("bridge: make a PASETO key: %w", err)
	}
	shown := publicKeyHeader + base64.RawURLEncoding.EncodeToString(key.Public().ExportBytes())
	kid, err := keyID(shown)
	if err != nil {
		return nil, err
	}
	p := &PASETO{key: key}
	p.footer, _ = json.Marshal(map[string]string{"kid": kid}) // strings always encode
	p.public, _ = json.Marshal(map[string]any{"keys": []map[string]string{{"kid": kid, "key": shown}}})
	return p, nil
}

// keyID returns the PASERK id of a public key.
func keyID(shown string) (string, error) {
	h, err := blake2b.New(keyIDBytes, nil)
	if err != nil {
		return "", fmt.Errorf("bridge: hash a PASETO key: %w", err)
	}
	h.Write([]byte(keyIDHeader + shown))
	return keyIDHeader + base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// PublicKeys returns the key that verifies tokens, as JSON: {"keys":[{"kid","key"}]}, where both
// are PASERK.
func (p *PASETO) PublicKeys() []byte { return p.public }

// Sign implements Trust. Times are RFC 3339 and aud is one name, as PASETO has them; the footer
// names the key.
func (p *PASETO) Sign(_ context.Context, say token.Trust) (string, error) {
	t, err := paseto.MakeToken(map[string]any{
		"user_id": say.Subject, "session_id": say.SessionID, "email": say.Email, "email_verified": say.EmailVerified, "name": say.Name,
	}, p.footer)
	if err != nil {
		return "", fmt.Errorf("bridge: encode a PASETO: %w", err)
	}
	t.SetIssuer(say.Issuer)
	t.SetAudience(say.Audience[0])
	t.SetSubject(say.Subject)
	t.SetJti(say.ID)
	t.SetIssuedAt(say.IssuedAt)
	t.SetNotBefore(say.IssuedAt) // the usual rules of PASETO libraries ask for it
	t.SetExpiration(say.ExpiresAt)
	return t.V4Sign(p.key, nil), nil
}
