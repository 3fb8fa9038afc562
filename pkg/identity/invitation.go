package identity

import (
	"encoding/json"
	"time"
)

// Invitation lets somebody register. Its code is shown once and kept as a hash.
type Invitation struct {
	ID          string          `json:"id"`
	CodeHash    []byte          `json:"code_hash"`
	Form        CodeForm        `json:"form,omitempty"`      // how its codes look, and which page they lead to
	Email       string          `json:"email,omitempty"`     // where it was sent; empty means anybody may use it
	EmailKey    string          `json:"email_key,omitempty"` // canonical form of Email
	MaxUses     int64           `json:"max_uses"`
	Left        int64           `json:"left"` // uses neither reserved nor confirmed
	Uses        []Use           `json:"uses"` // one per reserved or confirmed use
	UserType    string          `json:"user_type"`
	Claims      json.RawMessage `json:"claims,omitempty"`
	Note        string          `json:"note,omitempty"`
	CreatedBy   string          `json:"created_by"` // an actor, as in Event.Actor
	CreatedAt   time.Time       `json:"created_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
	RevokedAt   time.Time       `json:"revoked_at"` // zero while it is not
	LastIssueAt time.Time       `json:"last_issue_at"`
	// ReferralTokens are the inviter's own, for the account that comes of the invitation.
	ReferralTokens []string `json:"referral_tokens,omitempty"`
}

// CodeForm says how a code looks.
type CodeForm string

// The forms of codes.
const (
	CodeText CodeForm = ""     // one that names its record, as package opaque makes them
	CodeUUID CodeForm = "uuid" // a random UUID (RFC 9562 section 5.4), which is told to nobody but the address in a mail
)

// Mailed reports whether the codes of the invitation are known to nobody but who reads mail at its
// address: whoever has one has proved to do so.
func (i Invitation) Mailed() bool { return i.Form == CodeUUID && i.EmailKey != "" }

// Use is one account that came, or is coming, of an invitation.
type Use struct {
	UserID    string    `json:"user_id"`
	At        time.Time `json:"at"`
	Confirmed bool      `json:"confirmed"` // the account exists for good
}

// Confirmed returns how many accounts came of the invitation.
func (i Invitation) Confirmed() int64 {
	var n int64
	for _, u := range i.Uses {
		if u.Confirmed {
			n++
		}
	}
	return n
}

// InvitationState is what an invitation's life has come to.
type InvitationState string

// The states of an invitation. Revoked beats used, used beats expired.
const (
	InvitationPending InvitationState = "pending"
	InvitationUsed    InvitationState = "used"
	InvitationExpired InvitationState = "expired"
	InvitationRevoked InvitationState = "revoked"
)

// State returns the invitation's state at now.
func (i Invitation) State(now time.Time) InvitationState {
	switch {
	case !i.RevokedAt.IsZero():
		return InvitationRevoked
	case i.Left == 0:
		return InvitationUsed
	case !now.Before(i.ExpiresAt):
		return InvitationExpired
	default:
		return InvitationPending
	}
}
