package identity

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// UserIDLength is the length of a user's id, the localId of the wire: [A-Za-z0-9], random.
const UserIDLength = 28

// User types, from least to most able. Admins act on customers, superadmins on everybody.
const (
	Customer   = "customer"
	Admin      = "admin"
	Superadmin = "superadmin"
)

// User is one account, whatever dialect made it. Everything about it that must change
// together is in this one record.
type User struct {
	ID             string           `json:"id"`
	Rev            int64            `json:"rev"`                       // set by the store; an update holds only at the revision it read
	Email          string           `json:"email"`                     // as the user wrote it; mail goes here
	EmailVerified  bool             `json:"email_verified"`            // somebody has proved to read mail sent to Email
	Identifiers    []Identifier     `json:"identifiers"`               // the names it signs in by; each belongs to one user
	Username       string           `json:"username,omitempty"`        // as the user wrote it; empty when they have none
	PasswordHash   string           `json:"password_hash,omitempty"`   // a PHC string; empty means no password sign-in
	UserType       string           `json:"user_type"`                 // Customer, Admin or Superadmin
	Claims         json.RawMessage  `json:"claims,omitempty"`          // custom claims: one JSON object, or empty
	Profile        Profile          `json:"profile"`                   // what the user says of themselves
	Picture        string           `json:"picture,omitempty"`         // the id of the blob that shows the user; empty when there is none
	Disabled       bool             `json:"disabled"`                  // an administrator has shut the account
	Deleted        bool             `json:"deleted"`                   // a tombstone: emptied, waiting to be removed
	Provisional    bool             `json:"provisional"`               // registered with an invitation whose use is not confirmed yet; cannot sign in
	InvitationID   string           `json:"invitation_id,omitempty"`   // the invitation it came by
	Epoch          int64            `json:"epoch"`                     // raised to end sessions: one of an earlier epoch is dead
	KeptSession    string           `json:"kept_session,omitempty"`    // the one session of an earlier epoch that lives on
	Language       string           `json:"language,omitempty"`        // what mails to the user are written in, as in Accept-Language; empty when unknown
	Proofs         []Proof          `json:"proofs,omitempty"`          // one-time links that were mailed; at most one for each purpose
	KnownClients   []string         `json:"known_clients,omitempty"`   // fingerprints of client software that has signed in, oldest first
	ReferralTokens []string         `json:"referral_tokens,omitempty"` // those of the invitation it came by
	Linked         []LinkedIdentity `json:"linked,omitempty"`          // by which it signs in elsewhere; each has its identifier
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	PasswordSetAt  time.Time        `json:"password_set_at"`
}

// Profile is what a user may say of themselves. None of it is trusted or verified.
type Profile struct {
	Name        string `json:"name,omitempty"`
	LastName    string `json:"last_name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Phone       string `json:"phone,omitempty"`
	Mobile      string `json:"mobile,omitempty"`
	BirthDate   string `json:"birth_date,omitempty"` // YYYY-MM-DD
	Gender      string `json:"gender,omitempty"`
	TimeZone    string `json:"time_zone,omitempty"` // an IANA name
	Bio         string `json:"bio,omitempty"`
	ReferenceID string `json:"reference_id,omitempty"` // the application's own id for this user
	Website     string `json:"website,omitempty"`      // an http or https URL, or one without its scheme
	// HidesEmail says that the user does not want others to see their address. It means nothing
	// without a user name, by which others could know them instead: ask User.ShowsEmail.
	HidesEmail bool `json:"hides_email,omitempty"`
	// RecoveryEmail is what the user has written there. Nothing is ever sent to it and nobody
	// gets in by it: it is not verified.
	RecoveryEmail string `json:"recovery_email,omitempty"`
}

// IdentifierKind says what sort of name an identifier is.
type IdentifierKind string

// The kinds of identifiers.
const (
	EmailIdentifier    IdentifierKind = "email"    // an e-mail address, as CanonicalEmail gives it
	UsernameIdentifier IdentifierKind = "username" // a user name, as CanonicalUsername gives it
	// LinkedIdentifier is somebody at an identity provider, as Assertion.Identifier gives it. A
	// user may have several.
	LinkedIdentifier IdentifierKind = "linked"
	// ResetIdentifier is what a link to reset a password is found by that does not name its
	// account: the hash in the proof, as hexadecimal. It goes with the proof.
	ResetIdentifier IdentifierKind = "reset"
	// SeatIdentifier is no name to sign in by: whoever holds one must hand it to another before
	// they may lose what it stands for.
	SeatIdentifier IdentifierKind = "seat"
)

// Identifier is a name that at most one user holds. Value is canonical: equal names are
// equal strings.
type Identifier struct {
	Kind  IdentifierKind `json:"kind"`
	Value string         `json:"value"`
}

// EmailKey returns the canonical form of the user's e-mail address, empty for a tombstone.
func (u User) EmailKey() string { return u.name(EmailIdentifier) }

// UsernameKey returns the canonical form of the user's name, empty when they have none.
func (u User) UsernameKey() string { return u.name(UsernameIdentifier) }

func (u User) name(kind IdentifierKind) string {
	for _, id := range u.Identifiers {
		if id.Kind == kind {
			return id.Value
		}
	}
	return ""
}

// SetName makes value the one identifier of its kind; an empty value leaves none.
func (u *User) SetName(kind IdentifierKind, value string) {
	names := make([]Identifier, 0, len(u.Identifiers)+1)
	for _, id := range u.Identifiers {
		if id.Kind != kind {
			names = append(names, id)
		}
	}
	if value != "" {
		names = append(names, Identifier{Kind: kind, Value: value})
	}
	u.Identifiers = names
}

// Proof returns the outstanding link for a purpose.
func (u User) Proof(p Purpose) (Proof, bool) {
	i := slices.IndexFunc(u.Proofs, func(q Proof) bool { return q.Purpose == p })
	if i < 0 {
		return Proof{}, false
	}
	return u.Proofs[i], true
}

// SetProof makes p the one outstanding link for its purpose.
func (u *User) SetProof(p Proof) {
	u.DropProofs(p.Purpose)
	u.Proofs = append(u.Proofs, p)
}

// DropProofs makes the outstanding links for these purposes worthless.
func (u *User) DropProofs(purposes ...Purpose) {
	kept := make([]Proof, 0, len(u.Proofs)+1)
	for _, q := range u.Proofs {
		if !slices.Contains(purposes, q.Purpose) {
			kept = append(kept, q)
		}
	}
	u.Proofs = kept
	if _, ok := u.Proof(ResetPassword); !ok {
		u.SetName(ResetIdentifier, "")
	}
}

// Active reports whether the account exists for the outside: neither emptied nor waiting
// for its invitation to be confirmed. A disabled account is active; it may not sign in.
func (u User) Active() bool { return !u.Deleted && !u.Provisional }

// HasPassword reports whether the user can sign in by a password.
func (u User) HasPassword() bool { return u.PasswordHash != "" }

// IsAdmin reports whether the user may act on other accounts.
func (u User) IsAdmin() bool { return u.UserType == Admin || u.UserType == Superadmin }

// ShowsEmail reports whether others may see the user's address. They always may while the user has
// no user name.
func (u User) ShowsEmail() bool { return !u.Profile.HidesEmail || u.Username == "" }

// FullName returns the display name, or else the given and last name.
func (u User) FullName() string {
	if u.Profile.DisplayName != "" {
		return u.Profile.DisplayName
	}
	return strings.TrimSpace(u.Profile.Name + " " + u.Profile.LastName)
}
