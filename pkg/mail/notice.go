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

// Notice returns a message to u of what somebody has done to the account, and from where.
func Notice(u identity.User, by identity.Actor, kind Kind, at time.Time) Message {
	m := To(u, by, kind)
	m.At, m.Device, m.Address = at, by.Client.UserAgent, by.Client.IP
	return m
}
