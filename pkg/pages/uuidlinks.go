package pages

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// The pages of links that carry a UUID in their path. The address that their query names is for
// other pages that read such links: these show the one that the UUID stands for.

// paramID is the UUID in the path.
const paramID = "id"

func (v visit) id() string { return v.Params.ByName(paramID) }

func (h *Handler) joinPage(v visit) (httpkit.Reply, error) {
	inv, err := h.Signin.PeekInvitation(v.Context, v.Actor, v.id())
	if err == nil && inv.Email == "" {
		err = invite.ErrInvalid // one for anybody has a page that asks for the address
	}
	if err != nil {
		return h.deadInvitation(v, err)
	}
	return h.show(v.Locale, v.joinView(inv.Email))
}

func (v visit) joinView(email string) *view {
	form := &inquiry{Action: mail.RegisterPath + v.id(), Submit: v.Text("pages.sign_up.submit")}
	form.Fields = []*field{v.whose(email), v.passwordField(fieldPassword, "new-password")}
	return &view{
		Title: v.Text("pages.sign_up.title"), Intro: []string{v.Text("pages.sign_up.invited")}, Form: form,
		Links: []link{{mail.SignInPath, v.Text("pages.sign_up.have_account")}},
	}
}

// whose is the address of an account, for the reader and for a password manager.
func (v visit) whose(email string) *field {
	whose := v.emailField()
	whose.Value, whose.ReadOnly = email, true
	return whose
}

func (h *Handler) join(v visit) (httpkit.Reply, error) {
	_, err := h.Signin.RegisterInvited(v.Context, v.Actor, v.id(), v.Get(fieldPassword))
	if err == nil {
		return redirect(registeredPath), nil
	}
	inv, gone := h.Signin.PeekInvitation(v.Context, v.Actor, v.id())
	if gone != nil {
		return h.deadInvitation(v, err)
	}
	if f := fault.From(err); f.Is(account.ErrEmailExists) {
		err = atField(f)
	}
	return h.again(v, err, v.joinView(inv.Email))
}

// deadInvitation says what to do about an invitation that is good for nothing any more.
func (h *Handler) deadInvitation(v visit, err error) (httpkit.Reply, error) {
	f := fault.From(err)
	if !f.Is(invite.ErrInvalid) && !f.Is(invite.ErrExpired) && !f.Is(invite.ErrUsedUp) {
		return httpkit.Reply{}, err
	}
	reply, err := h.show(v.Locale, &view{
		Title: v.Text("pages.dead.title"), Intro: []string{v.Text("pages.dead.invitation")},
		Next: &link{mail.SignInPath, v.Text("pages.to_sign_in")},
	})
	reply.Status = httpkit.Status(f.Kind)
	return reply, err
}

func (h *Handler) passwordPage(v visit) (httpkit.Reply, error) {
	u, err := h.Accounts.PeekReset(v.Context, v.Actor, v.id())
	if err != nil {
		return h.deadLink(v, err)
	}
	return h.show(v.Locale, v.resetView(mail.PasswordPath+v.id(), u.Email))
}

func (h *Handler) setPassword(v visit) (httpkit.Reply, error) {
	err := h.Accounts.ResetByID(v.Context, v.Actor, v.id(), v.Get(fieldNewPassword))
	if err == nil {
		return redirect(passwordSetPath), nil
	}
	u, gone := h.Accounts.PeekReset(v.Context, v.Actor, v.id())
	if gone != nil {
		return h.deadLink(v, err)
	}
	return h.again(v, err, v.resetView(mail.PasswordPath+v.id(), u.Email))
}

// dead reports whether a link is good for nothing any more.
func dead(f *fault.Error) bool { return f.Is(account.ErrInvalidLink) || f.Is(account.ErrLinkExpired) }
