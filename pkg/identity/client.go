package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Binding returns a short fingerprint of the client software, the user agent and the device
// id. It tells a retry by the same client from a replay by another; it proves nothing.
func (c Client) Binding() string {
	h := sha256.Sum256([]byte(c.UserAgent + "\x00" + c.DeviceID))
	return base64.RawURLEncoding.EncodeToString(h[:12])
}

// Software returns a fingerprint of the client software that survives its updates: the user
// agent without its version numbers, and the device id. It proves nothing.
func (c Client) Software() string {
	versionless := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' || r == '.' || r == '_' {
			return -1
		}
		return r
	}, c.UserAgent)
	return Client{UserAgent: versionless, DeviceID: c.DeviceID}.Binding()
}
