package eml

import (
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// maxSubject is the longest subject in bytes that fits one unfolded line (RFC 5322 section
// 2.1.1) however it is encoded.
const maxSubject = 300

var letterID = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// Compose returns the message that a letter makes: text first, HTML as an alternative, one
// recipient with the domain in ASCII, and a Message-ID made of the letter's ID. The error
// wraps mail.ErrRefused when no server would ever take the letter.
func Compose(l mail.Letter) (*gomail.Msg, error) {
	from, err := netmail.ParseAddress(l.From)
	if err != nil || !oneLine(l.From) {
		return nil, fmt.Errorf("eml: the sender is no mailbox") // a setting, so not final; the cause may quote it
	}
	to, err := recipient(l.To)
	switch {
	case err != nil:
		return nil, err
	case !letterID.MatchString(l.ID):
		return nil, fmt.Errorf("eml: the letter's id is none: %w", mail.ErrRefused)
	case l.Subject == "" || len(l.Subject) > maxSubject || !oneLine(l.Subject):
		return nil, fmt.Errorf("eml: the subject is not one line: %w", mail.ErrRefused)
	}
	_, host, _ := strings.Cut(from.Address, "@")
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("gatehouse-"+l.ID))
	m.FromMailAddress(from)
	m.ToMailAddress(&netmail.Address{Address: to})
	m.Subject(l.Subject)
	m.SetMessageIDWithValue(l.ID + "@" + host)
	m.SetDateWithValue(l.Date.UTC())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no vacation notes in return
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return m, nil
}

// recipient returns an address as it goes on the wire: the local part as its owner writes it,
// the domain as A-labels, so that no server needs SMTPUTF8.
func recipient(to string) (string, error) {
	canonical, err := identity.CanonicalEmail(to)
	if err != nil {
		return "", fmt.Errorf("eml: the recipient is no address: %w", mail.ErrRefused)
	}
	local, _, _ := strings.Cut(to, "@")
	_, domain, _ := strings.Cut(canonical, "@")
	return local + "@" + domain, nil
}

func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}
