package account

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// RequestSignIn asks for a mail with a link that signs its reader in without a password. It
// leads to a page of the caller's, or to ours when page is empty. Whether there is an account is
// told to nobody but its owner.
func (s *Service) RequestSignIn(ctx context.Context, by identity.Actor, email, page string) error {
	page, err := s.leadTo("redirectUrl", page)
	if err != nil {
		return err
	}
	return s.request(ctx, by, email, request{What: signInLink, Page: page})
}

// SpendSignIn takes the token of a mailed link and returns the account to sign in to, unless
// may objects to it: then the link is as good as before. The mail was read at the account's
// address, which counts as proved.
func (s *Service) SpendSignIn(ctx context.Context, by identity.Actor, token string, may func(identity.User) error) (identity.User, error) {
	_, t, err := s.holder(ctx, by, identity.SignIn, token)
	if err != nil {
		return identity.User{}, err
	}
	return s.spend(ctx, by, identity.SignIn, t, func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error) {
		var also []identity.Consequence
		if !u.EmailVerified && proof.Email == u.Email {
			also = s.takeOver(by, u, now)
		}
		return also, may(*u)
	})
}

// takeOver makes an account its address's reader's alone. Whoever made it had not proved to be
// the one, and may have prepared it to wait for them: nothing that its maker could set is left.
// What an inviter or an administrator gave stays: the type, the invitation and its claims and
// referral tokens, and whether the account is shut.
func (s *Service) takeOver(by identity.Actor, u *identity.User, now time.Time) []identity.Consequence {
	also := append(dropPicture(*u, now), session.Cutoff(u, "", identity.EndedByTakeover, now))
	u.EmailVerified, u.PasswordHash = true, ""
	u.Username, u.Profile, u.Picture = "", identity.Profile{}, ""
	u.SetName(identity.UsernameIdentifier, "")
	u.Language, u.KnownClients = by.Language, nil
	u.DropLinked()
	u.DropProofs(identity.ProveEmail, identity.MoveEmail, identity.UndoMove, identity.ResetPassword, identity.SignIn)
	return append(also, s.event(by, audit.EmailVerified, *u, now, "before", "void"))
}
