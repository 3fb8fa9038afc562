package signin

import (
	"context"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Errors of this package.
var (
	// ErrBadCredentials answers a wrong password and an unknown address alike.
	ErrBadCredentials = fault.New(fault.Unauthenticated, "bad_credentials", "the e-mail address or the password is wrong")
	// ErrDisabled answers the right password of an account that was shut.
	ErrDisabled = fault.New(fault.Forbidden, "account_disabled", "the account has been disabled")
	// ErrUnverified answers the right password of an account whose address is not verified,
	// where that is required.
	ErrUnverified = fault.New(fault.Forbidden, "email_not_verified", "verify your e-mail address before signing in")
	// ErrInvitationRequired answers a registration without a code where one is needed.
	ErrInvitationRequired = fault.New(fault.Forbidden, "invitation_required", "registration needs an invitation code")
	// ErrRegistrationClosed answers every registration where there is none.
	ErrRegistrationClosed = fault.New(fault.Forbidden, "registration_closed", "registration is closed")
	// ErrRegistrationUndone answers a registration whose invitation was taken by another
	// while it was held up; nothing of it remains.
	ErrRegistrationUndone = fault.New(fault.Unavailable, "registration_undone", "the registration took too long and was undone; try again").After(time.Second)
)

// Registration says who may register.
type Registration string

// The registration policies.
const (
	Open       Registration = "open"
	InviteOnly Registration = "invite"
	Closed     Registration = "closed"
)

// Store is what the service reads and records.
type Store interface {
	store.Users
	store.Consequences
}

// Limits are the budgets of the ways in (OWASP ASVS 6.3.1).
type Limits struct {
	Login    limit.Policy // per account and address: the one a client is told of
	Account  limit.Policy // per account from everywhere: beyond it attempts are slowed, never refused
	Address  limit.Policy // per address over all accounts
	Register limit.Policy // per address
	Code     limit.Policy // invitation codes tried per address
	Invite   limit.Policy // invitations per user, or per address of nobody in particular
}

// Service is the one place where people come in. All fields are needed; it is safe for
// concurrent use.
type Service struct {
	Store           Store
	Accounts        *account.Service
	Sessions        *session.Service
	Invites         *invite.Service
	Passwords       account.Passwords
	Guard           *limit.Guard
	Limits          Limits
	Registration    Registration
	Inviters        Inviters
	RequireVerified bool
	Now             func() time.Time
	// Wait pauses for d or until ctx ends; a field so that tests need not.
	Wait func(ctx context.Context, d time.Duration)
	Log  *slog.Logger
}
