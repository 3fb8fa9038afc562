package account

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const (
	maxName    = 64
	maxBio     = 500
	maxWebsite = 200
)

// ProfileChange says which parts of a profile to set; nil leaves one as it is, an empty
// string clears it.
type ProfileChange struct {
	Name, LastName, DisplayName, Phone, Mobile, BirthDate, Gender, TimeZone, Bio, ReferenceID, RecoveryEmail *string
	Website                                                                                                  *string
	// HidesEmail keeps the address from others; only who has a user name may do so.
	HidesEmail *bool
	// Language is what mails are written in, as in Accept-Language.
	Language *string
}

func (c ProfileChange) apply(u *identity.User) {
	p := &u.Profile
	for _, f := range []struct {
		to   *string
		from *string
	}{
		{&p.Name, c.Name}, {&p.LastName, c.LastName}, {&p.DisplayName, c.DisplayName}, {&p.Phone, c.Phone},
		{&p.Mobile, c.Mobile}, {&p.BirthDate, c.BirthDate}, {&p.Gender, c.Gender}, {&p.TimeZone, c.TimeZone}, {&p.Bio, c.Bio},
		{&p.ReferenceID, c.ReferenceID}, {&p.RecoveryEmail, c.RecoveryEmail},
		{&p.Website, c.Website}, {&u.Language, c.Language},
	} {
		if f.from != nil {
			*f.to = strings.TrimSpace(*f.from)
		}
	}
	if c.HidesEmail != nil {
		p.HidesEmail = *c.HidesEmail
	}
}

// over returns c with what d says where c says nothing.
func (c ProfileChange) over(d ProfileChange) ProfileChange {
	for _, f := range []struct{ to, from **string }{
		{&c.Name, &d.Name}, {&c.LastName, &d.LastName}, {&c.DisplayName, &d.DisplayName}, {&c.Phone, &d.Phone},
		{&c.Mobile, &d.Mobile}, {&c.BirthDate, &d.BirthDate}, {&c.Gender, &d.Gender}, {&c.TimeZone, &d.TimeZone}, {&c.Bio, &d.Bio},
		{&c.ReferenceID, &d.ReferenceID}, {&c.RecoveryEmail, &d.RecoveryEmail}, {&c.Language, &d.Language}, {&c.Website, &d.Website},
	} {
		if *f.to == nil {
			*f.to = *f.from
		}
	}
	if c.HidesEmail == nil {
		c.HidesEmail = d.HidesEmail
	}
	return c
}

// checkProfile returns the fields of u's profile that break a rule. Names end up in mails and
// tokens: they are one line of visible text.
func checkProfile(u identity.User) []fault.Field {
	p, bad := u.Profile, []fault.Field(nil)
	line := func(field, value string, most int) {
		if utf8.RuneCountInString(value) > most || !visible(value, false) {
			bad = append(bad, fault.Field{
				Field: field, Code: "invalid_text",
				Message: fmt.Sprintf("%s is one line of at most %d characters without control characters", field, most),
			})
		}
	}
	line("name", p.Name, maxName)
	line("lastName", p.LastName, maxName)
	line("displayName", p.DisplayName, maxName)
	line("phone", p.Phone, 32)
	line("mobile", p.Mobile, 32)
	line("gender", p.Gender, 32)
	line("referenceId", p.ReferenceID, 128)
	line("timeZone", p.TimeZone, maxName)
	line("lang", u.Language, 64)
	if utf8.RuneCountInString(p.Bio) > maxBio || !visible(p.Bio, true) {
		bad = append(bad, fault.Field{Field: "bio", Code: "invalid_text", Message: fmt.Sprintf("bio is at most %d characters without control characters", maxBio)})
	}
	if p.Website != "" && !isWebsite(p.Website) {
		bad = append(bad, fault.Field{Field: "website", Code: "invalid_url", Message: fmt.Sprintf("website is an http or https URL of at most %d characters", maxWebsite)})
	}
	if p.RecoveryEmail != "" {
		if _, err := identity.CanonicalEmail(p.RecoveryEmail); err != nil {
			bad = append(bad, fault.Field{Field: "recoveryEmail", Code: "invalid_email", Message: "recoveryEmail is not an address we accept"})
		}
	}
	if p.BirthDate != "" {
		if _, err := time.Parse(time.DateOnly, p.BirthDate); err != nil {
			bad = append(bad, fault.Field{Field: "birthDate", Code: "invalid_date", Message: "birthDate is YYYY-MM-DD"})
		}
	}
	return bad
}

// isWebsite accepts what others may be offered as a link: an http or https URL without a user
// name, or one that lacks only its scheme.
func isWebsite(s string) bool {
	if utf8.RuneCountInString(s) > maxWebsite || !visible(s, false) || strings.ContainsAny(s, " <>\"\\") {
		return false
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && strings.Contains(u.Hostname(), ".")
}

// visible refuses control characters and those that change the direction of text around
// them; line breaks may pass in text of several lines.
func visible(s string, lines bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if lines && r == '\n' {
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}
