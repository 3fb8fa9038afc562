package mail

import "time"

// Kind says what a message tells.
type Kind string

// The kinds of messages, and which fields of a Message each needs beside To.
const (
	VerifyEmail     Kind = "verify_email"     // Link, Until, At, Device, Address: prove that you read this address
	AccountExists   Kind = "account_exists"   // Link, At, Device, Address: somebody tried to register with your address
	ResetPassword   Kind = "reset_password"   // Link, Until, At, Device, Address
	SignInLink      Kind = "sign_in_link"     // Link, Until, At, Device, Address
	PasswordChanged Kind = "password_changed" // At, Device, Address
	Invitation      Kind = "invitation"       // Link, Until
	NewSignIn       Kind = "new_sign_in"      // At, Device, Address
	ReuseDetected   Kind = "reuse_detected"   // At, Device, Address: a session ended because its token was used twice
	ConfirmAddress  Kind = "confirm_address"  // Link, Until, At, Device, Address: to the address that an account is to have
	AddressChange   Kind = "address_change"   // Link (it undoes the change), NewEmail, At, Until: to the address it has
	AddressChanged  Kind = "address_changed"  // At: to the address an account had before an administrator changed it
	// At, Device, Address, Provider: an identity there is a way in from now on, or no longer.
	IdentityLinked   Kind = "identity_linked"
	IdentityUnlinked Kind = "identity_unlinked"
	// AccountClaimed needs the same: the account has become its address's reader's, who came by that
	// identity, and what its maker had set is gone.
	AccountClaimed Kind = "account_claimed"
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{
		VerifyEmail, AccountExists, ResetPassword, PasswordChanged, Invitation, NewSignIn, ReuseDetected,
		ConfirmAddress, AddressChange, AddressChanged, SignInLink, IdentityLinked, IdentityUnlinked, AccountClaimed,
	}
}

// Message is what a person is to be told, before it has words. Everything in it but Kind and
// the times is somebody's text: whoever renders it escapes it.
type Message struct {
	Kind     Kind      `json:"kind"`
	To       string    `json:"to"`                 // one address, as its owner writes it
	Language string    `json:"language,omitempty"` // what the reader prefers, as in Accept-Language; empty when unknown
	Name     string    `json:"name,omitempty"`     // of the reader
	Link     string    `json:"link,omitempty"`
	NewEmail string    `json:"new_email,omitempty"`
	Provider string    `json:"provider,omitempty"` // by its name in the configuration
	Device   string    `json:"device,omitempty"`   // the user agent of who did it
	Address  string    `json:"address,omitempty"`  // the network address of who did it
	At       time.Time `json:"at"`                 // when it happened
	Until    time.Time `json:"until"`              // what it offers is over from here on; zero means never
	Alarm    bool      `json:"alarm,omitempty"`    // somebody else may be in the account: see Alarming
	Counted  bool      `json:"counted,omitempty"`  // the recipient's budget was asked when it was written, or has no say: it is sent whatever that says now
}

// Letter is a message in words, ready to leave.
type Letter struct {
	ID      string // the same for every attempt to send it; [A-Za-z0-9]
	Kind    Kind
	From    string // an address, or a name and an address (RFC 5322 mailbox)
	To      string // one bare address
	Subject string // one line
	Text    string // the body, complete without HTML
	HTML    string // the same for readers that show HTML
	Date    time.Time
}
