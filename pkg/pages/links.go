package pages

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// The pages that mails link to. Opening one looks whether its link is good and what it is about;
// only its button does anything.

func (h *Handler) resetPage(v visit) (httpkit.Reply, error) {
	u, _, err := h.Accounts.Peek(v.Context, v.Actor, identity.ResetPassword, v.Get(fieldToken))
	if err != nil {
		return h.deadLink(v, err)
	}
	return h.show(v.Locale, v.resetView(mail.ResetPath, u.Email))
}

// resetView is a form that a path takes.
func (v visit) resetView(path, email string) *view {
	form := &inquiry{Action: path, Submit: v.Text("pages.reset.submit")}
	form.carry(fieldToken, v.Get(fieldToken))
	next := v.passwordField(fieldNewPassword, "new-password")
	next.Label = v.Text("pages.label.new_password")
	form.Fields = []*field{v.whose(email), next}
	return &view{Title: v.Text("pages.reset.title"), Intro: []string{v.Text("pages.reset.text")}, Form: form}
}

func (h *Handler) reset(v visit) (httpkit.Reply, error) {
	err := h.Accounts.ResetPassword(v.Context, v.Actor, v.Get(fieldToken), v.Get(fieldNewPassword))
	if err == nil {
		return redirect(passwordSetPath), nil
	}
	if fault.From(err).Is(account.ErrInvalidLink) {
		return h.deadLink(v, err)
	}
	u, _, gone := h.Accounts.Peek(v.Context, v.Actor, identity.ResetPassword, v.Get(fieldToken))
	if gone != nil {
		return httpkit.Reply{}, err
	}
	return h.again(v, err, v.resetView(mail.ResetPath, u.Email))
}

func (h *Handler) verifyPage(v visit) (httpkit.Reply, error) {
	purpose := account.VerificationPurpose(v.Get(fieldToken))
	u, email, err := h.Accounts.Peek(v.Context, v.Actor, purpose, v.Get(fieldToken))
	if err != nil {
		return h.deadLink(v, err)
	}
	show := v.button(mail.VerifyPath, v.Text("pages.verify.submit"))
	show.Title, show.Intro = v.Text("pages.verify.title"), []string{v.Text("pages.verify.text", "email", email)}
	if purpose == identity.MoveEmail {
		show.Title = v.Text("pages.verify.move.title")
		show.Intro = []string{v.Text("pages.verify.move.text", "email", email, "old", u.Email)}
	}
	return h.show(v.Locale, show)
}

func (h *Handler) verify(v visit) (httpkit.Reply, error) {
	if _, err := h.Accounts.VerifyEmail(v.Context, v.Actor, v.Get(fieldToken)); err != nil {
		return h.deadLink(v, err)
	}
	return redirect(confirmedPath), nil
}

func (h *Handler) cancelPage(v visit) (httpkit.Reply, error) {
	_, email, err := h.Accounts.Peek(v.Context, v.Actor, identity.UndoMove, v.Get(fieldToken))
	if err != nil {
		return h.deadLink(v, err)
	}
	show := v.button(mail.CancelPath, v.Text("pages.cancel.submit"))
	show.Title = v.Text("pages.cancel.title")
	show.Intro = []string{v.Text("pages.cancel.text", "email", email), v.Text("pages.cancel.effect", "email", email)}
	return h.show(v.Locale, show)
}

func (h *Handler) cancel(v visit) (httpkit.Reply, error) {
	if err := h.Accounts.CancelEmailChange(v.Context, v.Actor, v.Get(fieldToken)); err != nil {
		return h.deadLink(v, err)
	}
	return redirect(restoredPath), nil
}

func (h *Handler) enterPage(v visit) (httpkit.Reply, error) {
	u, email, err := h.Accounts.Peek(v.Context, v.Actor, identity.SignIn, v.Get(fieldToken))
	if err != nil {
		return h.deadLink(v, err)
	}
	show := v.button(mail.EnterPath, v.Text("pages.enter.submit"))
	show.Title, show.Intro = v.Text("pages.enter.title"), []string{v.Text("pages.enter.text", "email", email)}
	if !u.EmailVerified && u.PasswordHash != "" {
		show.Intro = append(show.Intro, v.Text("pages.enter.first"))
	}
	show.Form.carry(fieldContinue, v.Get(fieldContinue))
	return h.show(v.Locale, show)
}

func (h *Handler) enterBy(v visit) (httpkit.Reply, error) {
	grant, err := h.Signin.Link(v.Context, v.Actor, v.Get(fieldToken))
	if err != nil {
		return h.deadLink(v, err)
	}
	return h.enter(v, grant)
}

// button is a page with one button that does what the link is for.
func (v visit) button(path, submit string) *view {
	form := &inquiry{Action: path, Submit: submit}
	form.carry(fieldToken, v.Get(fieldToken))
	return &view{Form: form}
}

// deadLink says what to do about a link that does not work any more.
func (h *Handler) deadLink(v visit, err error) (httpkit.Reply, error) {
	f := fault.From(err)
	if !dead(f) {
		return httpkit.Reply{}, err
	}
	reply, err := h.show(v.Locale, &view{
		Title: v.Text("pages.dead.title"), Intro: []string{v.Text("pages.dead.text")},
		Next: &link{mail.SignInPath, v.Text("pages.to_sign_in")}, Links: []link{{mail.ForgotPath, v.Text("pages.sign_in.forgot")}},
	})
	reply.Status = httpkit.Status(f.Kind)
	return reply, err
}
