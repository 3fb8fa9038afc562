package arguflow

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// texts are what the dialect says, word for word, by the codes of our faults.
var texts = map[string]string{
	"bad_credentials":    "Incorrect email or password",
	"email_exists":       "An account with this email already exists.",
	"username_exists":    "That username is already taken",
	"invitation_invalid": "Invalid Invitation",
	"invitation_used_up": "Invalid Invitation",
	"invitation_expired": "Invitation Expired",
	"invalid_link":       "Invalid password reset id",
	"link_expired":       "Password reset request expired",
}

// refusals are the same for fields, by their codes.
var refusals = map[string]string{
	"invalid_email":     "Invalid email",
	"invalid_username":  "username is 3 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or a digit",
	"mismatch":          "Passwords do not match",
	"username_required": "You must provide a username or make your email visible",
}

type problem struct {
	Message string `json:"message"`
}

// Render answers a fault as the dialect has errors: what the caller can mend with a message, the
// rest with one word. Codes are for other dialects.
func Render(w http.ResponseWriter, _ *http.Request, requestID string, f *fault.Error) {
	w.Header()["X-Request-Id"] = []string{requestID}
	var shape any
	status := status(f)
	switch status {
	case http.StatusUnauthorized:
		shape = "Unauthorized"
	case http.StatusForbidden:
		shape = "Forbidden"
	case http.StatusNotFound:
		shape = "Record not found"
	default:
		shape = problem{sentence(f)}
	}
	if f.Kind == fault.Unauthenticated && status != http.StatusUnauthorized {
		as := *f
		as.Kind, f = fault.Invalid, &as // a wrong password is no challenge to authenticate
	}
	httpkit.WriteFault(w, status, f, shape)
}

// status is what the dialect answers: to it, what the caller can mend is a bad request.
func status(f *fault.Error) int {
	switch {
	case f.Code == "bad_credentials", f.Kind == fault.Conflict, f.Kind == fault.Gone, f.Kind == fault.Unprocessable:
		return http.StatusBadRequest
	default:
		return httpkit.Status(f.Kind)
	}
}

func sentence(f *fault.Error) string {
	if text, ok := texts[f.Code]; ok {
		return text
	}
	if len(f.Fields) == 0 {
		return capital(f.Msg)
	}
	field := f.Fields[0]
	if text, ok := refusals[field.Code]; ok {
		return text
	}
	switch {
	case strings.HasPrefix(field.Message, field.Field):
		return field.Message
	case strings.Contains(strings.ToLower(field.Message), strings.ToLower(field.Field)):
		return capital(field.Message)
	default: // clients show the text alone
		return field.Field + ": " + field.Message
	}
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
