// Package fault is the one error type that crosses floors: a kind that decides how a
// failure is answered, a stable public code, a public message and a private cause.
//
// It owns no wire format and no HTTP status: each dialect renders faults in its own shape.
package fault

import (
	"errors"
	"time"
)

// Kind says what went wrong, without saying how a protocol reports it.
type Kind int

// The kinds. The zero value is Internal, so that a forgotten kind hides its details.
const (
	Internal        Kind = iota // our mistake; nothing of it is told outside
	Invalid                     // the input is malformed or breaks a documented bound
	Unauthenticated             // no credential, or one that does not hold
	Forbidden                   // the credential holds and is not enough
	NotFound                    // no such thing, or none the caller may know of
	Conflict                    // the state of things forbids it now
	Gone                        // it was there and has ended
	Unprocessable               // well-formed input that a rule refuses
	TooLarge                    // the input exceeds a size bound
	Unsupported                 // the input is in a form that is not understood
	NotAllowed                  // the thing exists and does not take this verb
	RateLimited                 // too many attempts; RetryAfter says when to come back
	Unavailable                 // a needed part is down or overloaded; try again
	NotImplemented              // documented, and not there yet
)

// Field names one input member that was refused and why.
type Field struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is a failure with a public face (Kind, Code, Msg, Fields, RetryAfter) and a private
// cause (Err) that is logged and never shown. Values are immutable once shared; the With
// methods return copies.
type Error struct {
	Kind       Kind
	Code       string        // snake_case, stable for ever, listed in docs/api/errors.md
	Msg        string        // one sentence for a person
	Fields     []Field       // for Invalid and Unprocessable: what exactly was refused
	RetryAfter time.Duration // for RateLimited and Unavailable; zero means unknown
	Err        error         // the cause
}

// New returns an error with a public face and no cause.
func New(kind Kind, code, msg string) *Error {
	return &Error{Kind: kind, Code: code, Msg: msg}
}

// InvalidField returns an Invalid error with the code invalid_input that names one field.
func InvalidField(field, code, msg string) *Error {
	return InvalidFields(Field{Field: field, Code: code, Message: msg})
}

// InvalidFields returns an Invalid error with the code invalid_input that names fields.
func InvalidFields(fields ...Field) *Error {
	return &Error{Kind: Invalid, Code: "invalid_input", Msg: "the request has invalid fields", Fields: fields}
}

// Error returns the code and the private cause, for logs.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Err.Error()
	}
	return e.Code + ": " + e.Msg
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is a fault with the same code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// With returns a copy of e that carries a private cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// After returns a copy of e that asks the caller to come back after d.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// From returns the fault inside err, or an internal one that hides err behind a fixed message.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Msg: "something went wrong on our side", Err: err}
}
