package audit

// The types of events, stable for ever; packages beside this one name their own, and
// docs/security.md lists them all. Who did it is the event's actor; whom or what it
// happened to is its subject.
const (
	SignIn               = "sign_in"                // credentials held and a session began
	SignInFailed         = "sign_in_failed"         // credentials did not hold; the detail never says more than the answer did
	SessionEnded         = "session_ended"          // the detail has the reason
	RefreshReuseDetected = "refresh_reuse_detected" // a spent refresh token came again and ended its session

	SessionHandedOver = "session_handed_over" // a link signed another browser in from the session

	UserRegistered  = "user_registered"  // by the user, through a public flow
	UserCreated     = "user_created"     // by an operator; the detail has what they set
	UserUpdated     = "user_updated"     // the detail has what an operator set; what users say of themselves is not in it
	UserDeleted     = "user_deleted"     // the account was emptied
	PasswordChanged = "password_changed" // by its owner, by a reset or by an administrator

	PictureChanged = "picture_changed" // by its owner: another one, or none

	EmailVerified     = "email_verified"      // its reader is proved; the detail says when the account's maker lost it to them
	EmailChangeAsked  = "email_change_asked"  // both addresses were written to
	EmailChanged      = "email_changed"       // the account has another address
	EmailChangeUndone = "email_change_undone" // from the old address, before it had happened

	IdentityLinked   = "identity_linked"   // by its holder or for a proved address; the detail has the provider
	IdentityUnlinked = "identity_unlinked" // by its holder; the detail has the provider

	InvitationCreated  = "invitation_created"
	InvitationReissued = "invitation_reissued" // it has another code; the old one is dead
	InvitationRevoked  = "invitation_revoked"
	InvitationRedeemed = "invitation_redeemed" // an account came of it
)
