package pages

import (
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

func (h *Handler) forgotPage(v visit) (httpkit.Reply, error) {
	return h.show(v.Locale, v.forgotView())
}

func (v visit) forgotView() *view {
	form := &inquiry{Action: mail.ForgotPath, Submit: v.Text("pages.forgot.submit"), Fields: []*field{v.emailField()}}
	form.carry(fieldContinue, v.Get(fieldContinue))
	return &view{
		Title: v.Text("pages.forgot.title"), Intro: []string{v.Text("pages.forgot.text")}, Form: form,
		Links: []link{{v.link(mail.SignInPath), v.Text("pages.back_to_sign_in")}},
	}
}

// forgot says the same of every address.
func (h *Handler) forgot(v visit) (httpkit.Reply, error) {
	if err := h.Accounts.RequestReset(v.Context, v.Actor, v.email(), ""); err != nil {
		return h.again(v, err, v.forgotView())
	}
	return redirect(v.link(checkMailPath)), nil
}

// The pages that say what has been done. They are the same for everybody and prove nothing.

func (h *Handler) checkMailPage(v visit) (httpkit.Reply, error) {
	return h.show(v.Locale, &view{
		Title: v.Text("pages.check_mail.title"), Intro: []string{v.Text("pages.check_mail.text"), v.Text("pages.check_mail.spam")},
		Links: []link{{v.link(mail.SignInPath), v.Text("pages.back_to_sign_in")}},
	})
}

func (h *Handler) confirmedPage(v visit) (httpkit.Reply, error) {
	return h.result(v, v.Text("pages.confirmed.title"), v.Text("pages.confirmed.text"))
}

func (h *Handler) registeredPage(v visit) (httpkit.Reply, error) {
	return h.result(v, v.Text("pages.registered.title"), v.Text("pages.registered.text"))
}

func (h *Handler) passwordSetPage(v visit) (httpkit.Reply, error) {
	return h.result(v, v.Text("pages.password_set.title"), v.Text("pages.password_set.text"))
}

// restoredPage offers no sign-in: there is no password to sign in with.
func (h *Handler) restoredPage(v visit) (httpkit.Reply, error) {
	return h.show(v.Locale, &view{Title: v.Text("pages.restored.title"), Intro: []string{v.Text("pages.restored.text"), v.Text("pages.check_mail.spam")}})
}

func (h *Handler) result(v visit, title, text string) (httpkit.Reply, error) {
	return h.show(v.Locale, &view{Title: title, Intro: []string{text}, Next: &link{mail.SignInPath, v.Text("pages.to_sign_in")}})
}
