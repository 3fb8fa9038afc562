package identity

import (
	"crypto/sha256"
	"encoding/base64"
)

// Binding returns a short fingerprint of the client software, the user agent and the device
// id. It tells a retry by the same client from a replay by another; it proves nothing.
func (c Client) Binding() string {
	h := sha256.Sum256([]byte(c.UserAgent + "\x00" + c.DeviceID))
	return base64.RawURLEncoding.EncodeToString(h[:12])
}
