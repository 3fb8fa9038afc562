package social

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// maxSealed is more than the longest state: providers do not like long URLs.
const maxSealed = 4096

var encoding = base64.RawURLEncoding.Strict()

// seal encrypts and authenticates v, so that it says nothing to the provider and the logs it
// passes. What is sealed with one prefix opens with no other.
func (s *Service) seal(prefix string, v any) string {
	plain, _ := json.Marshal(v) // strings and numbers always encode
	//nolint:gosec // no nonce is given: this AEAD makes a random one for each call
	return prefix + encoding.EncodeToString(s.aead().Seal(nil, nil, plain, []byte(prefix)))
}

// open reads what seal made, and nothing that differs from it in any byte.
func (s *Service) open(prefix, text string, v any) bool {
	body, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxSealed || strings.ContainsAny(body, "\r\n") { // which the decoder would read past
		return false
	}
	sealed, err := encoding.DecodeString(body)
	if err != nil {
		return false
	}
	plain, err := s.aead().Open(nil, nil, sealed, []byte(prefix))
	return err == nil && json.Unmarshal(plain, v) == nil
}

func (s *Service) aead() cipher.AEAD {
	block, err := aes.NewCipher(s.mac("seal"))
	if err != nil {
		panic("social: " + err.Error()) // the key length is a constant
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("social: " + err.Error()) // AES has the block size GCM wants
	}
	return aead
}

// derive returns 256 bits for a purpose that need all of the parts, and the service's key.
func (s *Service) derive(purpose string, parts ...string) string {
	return encoding.EncodeToString(s.mac(append([]string{purpose}, parts...)...))
}

// mac takes parts without a NUL in them.
func (s *Service) mac(parts ...string) []byte {
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return mac.Sum(nil)
}

// hashed returns a short name for a secret that does not give it away.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return encoding.EncodeToString(sum[:])
}
