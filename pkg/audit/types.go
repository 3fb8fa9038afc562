package audit

// The types of events, stable for ever. Who did it is the event's actor; whom or what it
// happened to is its subject.
const (
	SignIn               = "sign_in"                // credentials held and a session began
	SignInFailed         = "sign_in_failed"         // credentials did not hold; the detail never says more than the answer did
	SignInLimited        = "sign_in_limited"        // refused unseen: too many attempts
	SessionEnded         = "session_ended"          // the detail has the reason
	RefreshReuseDetected = "refresh_reuse_detected" // a spent refresh token came again and ended its session

	UserRegistered         = "user_registered"          // by the user, through a public flow
	UserCreated            = "user_created"             // by an administrator or a server
	UserUpdated            = "user_updated"             // the detail names the fields, not their values
	UserDeleted            = "user_deleted"             // the account was emptied
	EmailVerified          = "email_verified"           // somebody proved to read mail sent to the account
	EmailChanged           = "email_changed"            // the account has another address, confirmed by mail
	PasswordChanged        = "password_changed"         // by its owner, by a reset or by an administrator
	PasswordResetRequested = "password_reset_requested" // a mail with a reset link is on its way

	InvitationCreated  = "invitation_created"
	InvitationReissued = "invitation_reissued" // it has another code; the old one is dead
	InvitationRevoked  = "invitation_revoked"
	InvitationRedeemed = "invitation_redeemed" // an account came of it

	APIKeyCreated = "api_key_created"
	APIKeyRevoked = "api_key_revoked"

	KeyCreated = "key_created" // a signing key was published
	KeyRotated = "key_rotated" // another signing key signs from now on
	KeyRevoked = "key_revoked" // a signing key was taken out at once, with everything it signed
)
