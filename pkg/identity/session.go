package identity

import "time"

// Session is one signed-in client of one user, whatever dialect started it and however it
// travels. The session's id is public (the sid claim); what proves it is derived from
// Secret, Counter and a key that is not in the store.
type Session struct {
	ID         string    `json:"id"`
	UserID     string    `json:"user_id"`
	Epoch      int64     `json:"epoch"`    // the user's epoch when the credentials were checked
	Secret     []byte    `json:"secret"`   // 32 random bytes that go into every MAC of this session
	Counter    int64     `json:"counter"`  // which refresh token is current; starts at 1
	App        string    `json:"app"`      // the API key's app that started it; empty when none did
	Client     Client    `json:"client"`   // who started it
	RotatedBy  string    `json:"bound_to"` // Client.Binding of whoever rotated last
	AuthTime   time.Time `json:"auth_time"`
	AMR        []string  `json:"amr"` // RFC 8176 authentication methods
	CreatedAt  time.Time `json:"created_at"`
	RotatedAt  time.Time `json:"rotated_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	IdleUntil  time.Time `json:"idle_until"` // dead from here on unless refreshed
	MaxUntil   time.Time `json:"max_until"`  // dead from here on in any case
	EndedAt    time.Time `json:"ended_at"`   // zero while it lives
	EndReason  EndReason `json:"end_reason,omitempty"`
}

// SessionIDLength is the length of a session's public id: [A-Za-z0-9], 131 bits.
const SessionIDLength = 22

// EndReason says why a session ended.
type EndReason string

// The reasons a session ends for before it expires.
const (
	EndedByLogout         EndReason = "logout"
	EndedByReuse          EndReason = "refresh_reuse"
	EndedByPasswordChange EndReason = "password_change"
	EndedByAdmin          EndReason = "admin"
	EndedByRevocation     EndReason = "revoked"
	EndedByDeletion       EndReason = "account_deleted"
	EndedByAddressUndo    EndReason = "email_change_undone"
	EndedByTakeover       EndReason = "address_proved" // by somebody else than the account's maker
	EndedByUnlink         EndReason = "identity_unlinked"
)

// Live reports whether the session may still be used by u at now.
func (s Session) Live(u User, now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.IdleUntil) && now.Before(s.MaxUntil) &&
		s.UserID == u.ID && u.Active() && !u.Disabled &&
		(s.Epoch >= u.Epoch || s.ID == u.KeptSession)
}

// ExpiresAt returns when the session is over unless it is renewed before.
func (s Session) ExpiresAt() time.Time {
	if s.MaxUntil.Before(s.IdleUntil) {
		return s.MaxUntil
	}
	return s.IdleUntil
}

// Client is the far end of a request as far as it can be known.
type Client struct {
	IP        string `json:"ip,omitempty"` // canonical textual address
	UserAgent string `json:"user_agent,omitempty"`
	DeviceID  string `json:"device_id,omitempty"` // what the client calls itself
}
