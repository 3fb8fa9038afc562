package handoff

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// A code stands in a link; a ticket is held by the browser that opened the link. Neither opens
// what the other does.
const (
	codePrefix   = "ho_"
	ticketPrefix = "ht_"
	maxPass      = 4096
)

// pass is what a code or a ticket says. It is signed, not secret, and names no person.
type pass struct {
	Session     string `json:"s"`
	Counter     int64  `json:"n,omitempty"` // of the session to continue; zero opens one beside it
	Destination string `json:"d,omitempty"`
	Confirm     bool   `json:"c,omitempty"`
	Nonce       string `json:"r"` // 256 bits; a ticket has that of its code
	ExpiresAt   int64  `json:"e"` // milliseconds since 1970
}

// counter counts how often a code, together with all its tickets, was exchanged.
func (p pass) counter() store.Counter {
	return store.Counter{Key: "handoff:" + p.Nonce, Window: usedFor}
}

func (s *Service) seal(prefix string, p pass) string {
	if p.Nonce == "" {
		p.Nonce = opaque.Random(opaque.SecretLength)
	}
	p.ExpiresAt = s.Now().Add(Life).UnixMilli()
	plain, _ := json.Marshal(p) // strings and numbers always encode
	body := base64.RawURLEncoding.EncodeToString(plain)
	return prefix + body + "." + s.mac(prefix, body)
}

// open returns what a code or ticket says if it is ours and its time is not over.
func (s *Service) open(prefix, text string) (pass, error) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxPass {
		return pass{}, ErrInvalid
	}
	body, mac, ok := strings.Cut(rest, ".")
	if !ok || !hmac.Equal([]byte(mac), []byte(s.mac(prefix, body))) {
		return pass{}, ErrInvalid
	}
	plain, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return pass{}, ErrInvalid
	}
	var p pass
	if err := json.Unmarshal(plain, &p); err != nil || s.Now().UnixMilli() >= p.ExpiresAt {
		return pass{}, ErrInvalid
	}
	return p, nil
}

func (s *Service) mac(prefix, body string) string {
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte(prefix + body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
