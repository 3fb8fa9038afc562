package mail

import (
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// To returns a message of a kind to the address of u, in the language that u reads or else
// in that of the caller.
func To(u identity.User, by identity.Actor, kind Kind) Message {
	language := u.Language
	if language == "" {
		language = by.Language
	}
	return Message{Kind: kind, To: u.Email, Language: language, Name: u.FullName()}
}

// Alarming returns m, which tells u that a way into the account has changed, as what no flood of
// other mails hides: whoever is in the account could have asked for these before. It is counted by
// a budget of its own, which only such a change can use up, and not by the others. To an address
// that nobody has proved it is a mail like any other: its reader may have no part in the account.
func Alarming(u identity.User, m Message) Message {
	m.Alarm = u.EmailVerified
	return m
}

// Notice returns a message to u of what somebody has done to the account, and from where.
func Notice(u identity.User, by identity.Actor, kind Kind, at time.Time) Message {
	m := To(u, by, kind)
	m.At, m.Device, m.Address = at, by.Client.UserAgent, by.Client.IP
	return m
}
