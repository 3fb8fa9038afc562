package mail

import (
	"net/url"

	"github.com/gatehouse-id/gatehouse/pkg/redirect"
)

// The pages that messages link to, as paths of the public URL.
const (
	SignInPath = "/account/sign-in"
	SignUpPath = "/account/sign-up"
	ForgotPath = "/account/forgot"
	ResetPath  = "/account/reset"
	VerifyPath = "/account/verify"
	CancelPath = "/account/cancel"
	EnterPath  = "/account/enter"

	// RegisterPath and PasswordPath go before the UUID that their link is about.
	RegisterPath = "/auth/register/"
	PasswordPath = "/auth/password/"
)

// Links makes the links that messages carry. They lead to the pages of the configured public
// URL or, where a caller may name one, to a page that Page has accepted.
type Links struct {
	PublicURL string
	Origins   []string // whose pages links may lead to, beside our own
}

// Page returns the page that a caller wants a link to lead to, and false where none may lead.
// An empty one is ours.
func (l Links) Page(wanted string) (page string, ok bool) {
	if wanted == "" {
		return "", true
	}
	return redirect.Rule{Own: l.PublicURL, Others: l.Origins}.Page(wanted)
}

// SignIn returns where to sign in.
func (l Links) SignIn() string { return l.PublicURL + SignInPath }

// SignUp returns where the holder of an invitation code makes an account.
func (l Links) SignUp(code string) string { return l.with(SignUpPath, "invitationCode", code) }

// Register returns where the holder of an invitation that is a UUID makes an account for email.
func (l Links) Register(id, email string) string { return l.with(RegisterPath+id, "email", email) }

// Password returns where the holder of a reset that is a UUID sets a password for email.
func (l Links) Password(id, email string) string { return l.with(PasswordPath+id, "email", email) }

// Reset returns where the holder of a reset token sets a password: on page, or on ours.
func (l Links) Reset(page, token string) string { return l.on(page, ResetPath, token) }

// Enter returns where the holder of a sign-in token comes in: on page, or on ours.
func (l Links) Enter(page, token string) string { return l.on(page, EnterPath, token) }

// Verify returns where the holder of a verification token proves an address.
func (l Links) Verify(token string) string { return l.with(VerifyPath, "token", token) }

// Cancel returns where the holder of a cancel token undoes a change of address.
func (l Links) Cancel(token string) string { return l.with(CancelPath, "token", token) }

func (l Links) on(page, path, token string) string {
	if page != "" {
		return redirect.WithToken(page, token)
	}
	return l.with(path, "token", token)
}

func (l Links) with(path, name, value string) string {
	return l.PublicURL + path + "?" + url.Values{name: {value}}.Encode()
}
