package pages

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// The pages that no mail links to.
const (
	resendPath      = "/account/resend"
	checkMailPath   = "/account/check-mail"
	confirmedPath   = "/account/confirmed"
	passwordSetPath = "/account/password-set"
	restoredPath    = "/account/restored"
	registeredPath  = "/account/registered"
	logoPath        = "/account/logo"
	assetsPath      = "/account/assets/"
)

// Handler answers the pages. All fields are needed; Mount makes it ready, and from then on it is
// safe for concurrent use.
type Handler struct {
	Signin   *signin.Service
	Accounts *account.Service
	Handoffs *handoff.Service
	Social   *social.Service
	Brand    Brand
	Secure   bool // browsers reach the pages by https

	templates map[locale.Locale]*template.Template
	assets    assets
}

// Mount registers the pages and what they load. It fails when a template is broken.
func (h *Handler) Mount(r gin.IRoutes, kit *httpkit.Kit) error {
	var err error
	h.assets = newAssets(h.Brand)
	if h.templates, err = parse(); err != nil {
		return err
	}
	kit.Mount(r, h.render, h.routes())
	kit.Mount(r, h.renderArrival, []httpkit.Route{
		{Method: http.MethodGet, Path: handoff.Path, Access: anybody, Handle: h.arrive},
	})
	kit.Mount(r, h.refuseExchange, []httpkit.Route{
		{Method: http.MethodPost, Path: handoff.Path, Access: anybody, Handle: httpkit.SameOrigin(httpkit.JSON(h.exchange))},
	})
	return nil
}

var anybody = httpkit.Access{Public: true}

// routes is the table of contents. Whatever answers GET answers HEAD.
func (h *Handler) routes() []httpkit.Route {
	var routes []httpkit.Route
	get := func(path string, handle httpkit.Handler) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			routes = append(routes, httpkit.Route{Method: method, Path: path, Access: anybody, Handle: handle})
		}
	}
	post := func(path string, f func(visit) (httpkit.Reply, error), fields ...string) {
		routes = append(routes, httpkit.Route{Method: http.MethodPost, Path: path, Access: anybody, Handle: h.form(f, fields...)})
	}
	get(mail.SignInPath, h.page(h.signInPage, fieldContinue))
	post(mail.SignInPath, h.signIn, fieldEmail, fieldPassword, fieldContinue)
	post(resendPath, h.resend, fieldEmail, fieldContinue)
	const callback = socialPath + ":" + paramProvider + "/callback"
	get(socialPath+":"+paramProvider+"/login", httpkit.Visited(h.page(h.socialLogin, fieldContinue, fieldTicket)))
	post(socialPath+":"+paramProvider+"/login", h.socialSignUp, fieldName, fieldEmail, fieldPassword, fieldCode, fieldContinue)
	get(callback, h.page(h.socialCallback, answerNames...))
	routes = append(routes, httpkit.Route{Method: http.MethodPost, Path: callback, Access: anybody, Handle: h.socialForm})
	get(mail.SignUpPath, h.page(h.signUpPage, fieldCode, fieldContinue))
	post(mail.SignUpPath, h.signUp, fieldName, fieldEmail, fieldPassword, fieldCode, fieldContinue)
	get(mail.ForgotPath, h.page(h.forgotPage, fieldContinue))
	post(mail.ForgotPath, h.forgot, fieldEmail, fieldContinue)
	get(mail.ResetPath, h.page(h.resetPage, fieldToken))
	post(mail.ResetPath, h.reset, fieldToken, fieldNewPassword)
	get(mail.VerifyPath, h.page(h.verifyPage, fieldToken))
	post(mail.VerifyPath, h.verify, fieldToken)
	get(mail.CancelPath, h.page(h.cancelPage, fieldToken))
	post(mail.CancelPath, h.cancel, fieldToken)
	get(mail.EnterPath, h.page(h.enterPage, fieldToken, fieldContinue))
	post(mail.EnterPath, h.enterBy, fieldToken, fieldContinue)
	get(mail.RegisterPath+":"+paramID, h.page(h.joinPage))
	post(mail.RegisterPath+":"+paramID, h.join, fieldPassword)
	get(mail.PasswordPath+":"+paramID, h.page(h.passwordPage))
	post(mail.PasswordPath+":"+paramID, h.setPassword, fieldNewPassword)
	get(registeredPath, h.page(h.registeredPage))
	get(checkMailPath, h.page(h.checkMailPage, fieldContinue))
	get(confirmedPath, h.page(h.confirmedPage))
	get(passwordSetPath, h.page(h.passwordSetPage))
	get(restoredPath, h.page(h.restoredPage))
	get(assetsPath+":name", h.asset)
	if h.Brand.Logo.Content != nil {
		get(logoPath, h.logo)
	}
	return routes
}
