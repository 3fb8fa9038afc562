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
	refreshPrefix    = "rt_"
	refreshSecretLen = 32
	maxCounterDigits = 15
	macLength        = 43 // base64url of 32 bytes
)

// refreshToken is the refresh token of a session at a counter. It is a function of the two
// and of a key that no store holds, so that every retry of one refresh gets the same
// successor, and a stolen store forges nothing.
func (s *Service) refreshToken(sess identity.Session, counter int64) string {
	mac := hmac.New(sha256.New, s.RefreshKey)
	mac.Write([]byte(sess.ID))
	mac.Write(sess.Secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) //nolint:gosec // counters are positive
	return refreshPrefix + sess.ID + "." + strconv.FormatInt(counter, 10) + "." +
		base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// genuine reports, in constant time, whether presented is exactly what refreshToken made.
func (s *Service) genuine(sess identity.Session, counter int64, presented string) bool {
	return subtle.ConstantTimeCompare([]byte(s.refreshToken(sess, counter)), []byte(presented)) == 1
}

// splitRefreshToken reads the session id and counter that a refresh token claims.
func splitRefreshToken(presented string) (id string, counter int64, ok bool) {
	rest, ok := strings.CutPrefix(presented, refreshPrefix)
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
