package flowless

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// texts are what the documents say, word for word, by the codes of our faults. Official clients
// forget a session on "Invalid session" and "Session expired" and on nothing else.
var texts = map[string]string{
	"bad_credentials":    "Invalid email or password",
	"account_disabled":   "Account has been banned",
	"email_not_verified": "Please verify your email before logging in",
	"email_exists":       "Email already registered",
	"username_exists":    "Username already taken",
	"session_required":   "Session ID required. Provide via X-Session-ID header, session_id query parameter, or session_id cookie.",
	"invalid_token":      "Invalid session",
	"session_ended":      "Invalid session",
	"token_reused":       "Invalid session",
	"token_expired":      "Session expired",
	"invalid_link":       "Invalid or expired token",
}

// tooMany is the body of every 429, which the documents have without a code.
type tooMany struct {
	Success   bool   `json:"success"`
	Error     string `json:"error"`
	Message   string `json:"message"`
	Remaining int    `json:"remaining"`
}

// Render answers a fault as the dialect's documents have errors, with the fields that were
// refused besides.
func Render(w http.ResponseWriter, _ *http.Request, requestID string, f *fault.Error) {
	w.Header()["X-Request-Id"] = []string{requestID}
	if f.Kind == fault.RateLimited {
		httpkit.WriteFault(w, status(f), f, tooMany{Error: "rate_limit_exceeded", Message: "Too many requests. Please try again later."})
		return
	}
	text := sentence(f)
	b := body{"success": false, "error": text, "message": text, "code": strings.ToUpper(f.Code)}
	if len(f.Fields) > 0 {
		b["errors"] = f.Fields
	}
	if f.Code == "invalid_link" {
		b["valid"] = false
	}
	httpkit.WriteFault(w, status(f), f, b)
}

// status is what the documents answer: they know of no 422.
func status(f *fault.Error) int {
	if f.Kind == fault.Unprocessable {
		return http.StatusBadRequest
	}
	return httpkit.Status(f.Kind)
}

func sentence(f *fault.Error) string {
	switch {
	case f.Msg == account.ErrWrongPassword.Msg:
		return "Current password is incorrect"
	case len(f.Fields) > 0:
		return refusal(f.Fields[0])
	}
	if text, ok := texts[f.Code]; ok {
		return text
	}
	return capital(f.Msg)
}

func refusal(field fault.Field) string {
	switch {
	case field.Code == "invalid_email" && field.Field == "email":
		return "Invalid email format"
	case field.Code == "weak_password" && strings.Contains(field.Message, "too short"):
		return "Password must be at least 8 characters"
	case strings.HasPrefix(field.Message, field.Field+" "):
		return field.Message // a name is written as it is
	case !strings.Contains(field.Message, field.Field):
		return field.Field + ": " + field.Message // clients show the text alone
	default:
		return capital(field.Message)
	}
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
