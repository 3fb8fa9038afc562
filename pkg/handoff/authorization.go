package handoff

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// maxAuthorization bounds what a third party may put into a link, in bytes.
const maxAuthorization = 8 << 10

// Authorization is the AuthorizationResponse that a third party puts into a link.
type Authorization struct {
	Email        string `json:"email"`
	ExpiresIn    int64  `json:"expiresIn"`
	AccessToken  string `json:"accessToken"`
	LocalID      string `json:"localId"`
	RefreshToken string `json:"refreshToken"`
}

// ErrMalformed answers a parameter that is no AuthorizationResponse.
var ErrMalformed = fault.InvalidField("SF_Token", "invalid", "SF_Token is the JSON of an AuthorizationResponse with exactly its five members")

// ParseAuthorization reads one: exactly the five members (RFC 7493: none twice, none other),
// none empty, at most 8 KiB.
func ParseAuthorization(raw string) (Authorization, error) {
	var a Authorization
	if len(raw) > maxAuthorization || jsontext.Value(raw).Kind() != '{' {
		return a, ErrMalformed
	}
	if err := json.Unmarshal([]byte(raw), &a, json.RejectUnknownMembers(true)); err != nil {
		return Authorization{}, ErrMalformed
	}
	if a.Email == "" || a.ExpiresIn <= 0 || a.AccessToken == "" || a.LocalID == "" || a.RefreshToken == "" {
		return Authorization{}, ErrMalformed
	}
	return a, nil
}
