package identity

import (
	"encoding/hex"
	"time"
)

// Purpose says what a one-time link is for. A link for one opens nothing else.
type Purpose string

// The purposes of one-time links.
const (
	ProveEmail    Purpose = "prove_email"    // shows that its holder reads mail sent to Proof.Email
	ResetPassword Purpose = "reset_password" // lets its holder set another password
	MoveEmail     Purpose = "move_email"     // makes Proof.Email, where it was sent, the account's address
	SignIn        Purpose = "sign_in"        // opens a session for its holder
	UndoMove      Purpose = "undo_move"      // makes Proof.Email, where it was sent, the account's address again
)

// Purposes returns every purpose.
func Purposes() []Purpose { return []Purpose{ProveEmail, ResetPassword, MoveEmail, SignIn, UndoMove} }

// Proof is a one-time link that was mailed and has not been used. A newer one for the same
// purpose takes its place.
type Proof struct {
	Purpose   Purpose   `json:"purpose"`
	Hash      []byte    `json:"hash"`              // of the token in the link
	Email     string    `json:"email"`             // the address it was sent to
	Request   string    `json:"request,omitempty"` // the consequence that asked for it; tells a repeat from another request
	ExpiresAt time.Time `json:"expires_at"`
}

// Name returns the identifier that finds a reset by its hash.
func (p Proof) Name() string { return hex.EncodeToString(p.Hash) }

// Live reports whether the link may still be used at now.
func (p Proof) Live(now time.Time) bool { return now.Before(p.ExpiresAt) }
