package pages

import (
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
)

func (h *Handler) signInPage(v visit) (httpkit.Reply, error) {
	return h.show(v.Locale, h.signInView(v))
}

func (h *Handler) signInView(v visit) *view {
	form := &inquiry{Action: mail.SignInPath, Submit: v.Text("pages.sign_in.submit"), Fields: []*field{
		v.emailField(), v.passwordField(fieldPassword, "current-password"),
	}}
	form.carry(fieldContinue, v.Get(fieldContinue))
	links := []link{{v.link(mail.ForgotPath), v.Text("pages.sign_in.forgot")}}
	if h.Signin.Registration != signin.Closed {
		links = append(links, link{v.link(mail.SignUpPath), v.Text("pages.sign_in.no_account")})
	}
	return &view{Title: v.Text("pages.sign_in.title"), Form: form, Others: h.providers(v), Links: links}
}

// signIn answers an unknown address and a wrong password to the letter alike.
func (h *Handler) signIn(v visit) (httpkit.Reply, error) {
	grant, err := h.Signin.Password(v.Context, v.Actor, v.email(), v.Get(fieldPassword))
	if err == nil {
		return h.enter(v, grant)
	}
	show := h.signInView(v)
	if fault.From(err).Is(signin.ErrUnverified) {
		show.Also = &inquiry{Action: resendPath, Submit: v.Text("pages.resend.submit")}
		show.Also.carry(fieldEmail, v.email())
		show.Also.carry(fieldContinue, v.Get(fieldContinue))
	}
	return h.again(v, err, show)
}

// enter sends a browser that has just signed in to the page that brings it into the app.
func (h *Handler) enter(v visit, g session.Grant) (httpkit.Reply, error) {
	ticket, err := h.Handoffs.Enter(g, v.Get(fieldContinue))
	if err != nil {
		return httpkit.Reply{}, err
	}
	reply := redirect(handoff.Path)
	reply.Header.Set("Set-Cookie", h.cookie(ticket))
	return reply, nil
}

func (h *Handler) resend(v visit) (httpkit.Reply, error) {
	if err := h.Accounts.RequestVerification(v.Context, v.Actor, v.email()); err != nil {
		return httpkit.Reply{}, err
	}
	return redirect(v.link(checkMailPath)), nil
}

func (h *Handler) signUpPage(v visit) (httpkit.Reply, error) {
	if h.Signin.Registration == signin.Closed {
		show := &view{
			Title: v.Text("pages.sign_up.closed.title"), Intro: []string{v.Text("pages.fault.registration_closed")},
			Next: &link{v.link(mail.SignInPath), v.Text("pages.to_sign_in")},
		}
		reply, err := h.show(v.Locale, show)
		reply.Status = http.StatusForbidden
		return reply, err
	}
	return h.show(v.Locale, h.signUpView(v, v.Get(fieldCode) != ""))
}

// signUpView hides a code that came with the link, and asks for one where it is needed.
func (h *Handler) signUpView(v visit, hideCode bool) *view {
	form := &inquiry{Action: mail.SignUpPath, Submit: v.Text("pages.sign_up.submit")}
	show := &view{Title: v.Text("pages.sign_up.title"), Form: form, Links: []link{
		{v.link(mail.SignInPath), v.Text("pages.sign_up.have_account")},
	}}
	switch {
	case h.Signin.Registration == signin.Open && v.Get(fieldCode) == "":
		show.Others = h.providers(v)
	case hideCode:
		show.Intro = []string{v.Text("pages.sign_up.invited")}
		form.carry(fieldCode, v.Get(fieldCode))
	case h.Signin.Registration == signin.InviteOnly || v.Get(fieldCode) != "":
		show.Intro = []string{v.Text("pages.sign_up.by_invitation")}
		form.Fields = append(form.Fields, &field{
			Name: fieldCode, Label: v.Text("pages.label.invitation_code"), Type: "text", Autocomplete: "off", Value: v.Get(fieldCode),
		})
	}
	if show.Others == nil {
		form.Others = h.providerButtons(v) // the code goes along, in no address
	}
	form.carry(fieldContinue, v.Get(fieldContinue))
	form.Fields = append(form.Fields,
		&field{Name: fieldName, Label: v.Text("pages.label.name"), Type: "text", Autocomplete: "name", Value: v.Get(fieldName)},
		v.emailField(), v.passwordField(fieldPassword, "new-password"))
	return show
}

func (h *Handler) signUp(v visit) (httpkit.Reply, error) {
	name, code := v.Get(fieldName), strings.TrimSpace(v.Get(fieldCode))
	draft := account.Draft{Email: v.email(), Password: v.Get(fieldPassword), Profile: account.ProfileChange{Name: &name}}
	grant, signedIn, err := h.Signin.Register(v.Context, v.Actor, draft, code)
	switch {
	case err != nil:
		f := fault.From(err)
		return h.again(v, atField(f), h.signUpView(v, code != "" && !aboutCode(f)))
	case !signedIn:
		return redirect(v.link(checkMailPath)), nil
	default:
		return h.enter(v, grant)
	}
}

// aboutCode reports whether it is an invitation code that is wrong.
func aboutCode(f *fault.Error) bool {
	named := atField(f).Fields
	return len(named) > 0 && named[0].Field == fieldCode
}

// atField returns f with the field that it is about, where the service names none.
func atField(f *fault.Error) *fault.Error {
	about := map[string]string{
		"email_exists": fieldEmail, "invitation_required": fieldCode, "invitation_invalid": fieldCode,
		"invitation_expired": fieldCode, "invitation_used_up": fieldCode,
	}
	if name, ok := about[f.Code]; ok {
		named := *f
		named.Fields = []fault.Field{{Field: name, Code: f.Code}}
		return &named
	}
	return f
}
