package mail

import "net/url"

// The pages that messages link to, as paths of the public URL.
const (
	SignInPath = "/account/sign-in"
	SignUpPath = "/account/sign-up"
	ForgotPath = "/account/forgot"
	ResetPath  = "/account/reset"
	VerifyPath = "/account/verify"
	CancelPath = "/account/cancel"
)

// Links makes the links that messages carry. They begin with the configured public URL and
// never with anything from a request.
type Links struct {
	PublicURL string
}

// SignIn returns where to sign in.
func (l Links) SignIn() string { return l.PublicURL + SignInPath }

// SignUp returns where the holder of an invitation code makes an account.
func (l Links) SignUp(code string) string { return l.with(SignUpPath, "invitationCode", code) }

// Reset returns where the holder of a reset token sets a password.
func (l Links) Reset(token string) string { return l.with(ResetPath, "token", token) }

// Verify returns where the holder of a verification token proves an address.
func (l Links) Verify(token string) string { return l.with(VerifyPath, "token", token) }

// Cancel returns where the holder of a cancel token undoes a change of address.
func (l Links) Cancel(token string) string { return l.with(CancelPath, "token", token) }

func (l Links) with(path, name, value string) string {
	return l.PublicURL + path + "?" + url.Values{name: {value}}.Encode()
}
