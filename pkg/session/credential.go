package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const (
	secretLen        = 32
	maxCounterDigits = 15
	macLength        = 43 // base64url of 32 bytes
)

// credential is one of the two kinds of strings by which a session is held and renewed. What it
// gives for a session and a counter is a function of the two and of a key that no store holds,
// so that every retry of one renewal gets the same successor, and a stolen store forges
// nothing. A string of one kind is worthless as one of the other.
type credential struct {
	prefix string
	key    []byte
}

func (s *Service) refreshTokens() credential { return credential{"rt_", s.RefreshKey} }
func (s *Service) sessionIDs() credential    { return credential{"ses_", s.IDKey} }

// of returns the credential of a session at a counter.
func (k credential) of(sess identity.Session, counter int64) string {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte(sess.ID))
	mac.Write(sess.Secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) //nolint:gosec // counters are positive
	return k.prefix + sess.ID + "." + strconv.FormatInt(counter, 10) + "." +
		base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// genuine reports, in constant time, whether presented is exactly what of made.
func (k credential) genuine(sess identity.Session, counter int64, presented string) bool {
	return subtle.ConstantTimeCompare([]byte(k.of(sess, counter)), []byte(presented)) == 1
}

// split reads the public id and the counter that a credential claims.
func (k credential) split(presented string) (id string, counter int64, ok bool) {
	rest, ok := strings.CutPrefix(presented, k.prefix)
	if !ok || len(rest) > identity.SessionIDLength+1+maxCounterDigits+1+macLength {
		return "", 0, false
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 3 || len(parts[0]) != identity.SessionIDLength || len(parts[2]) != macLength {
		return "", 0, false
	}
	counter, err := strconv.ParseInt(parts[1], 10, 64)
	return parts[0], counter, err == nil && counter > 0
}

func newTokenID() string { return opaque.Random(22) }
