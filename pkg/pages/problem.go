package pages

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// problem is what stands above a form that has to be filled in once more.
type problem struct {
	Text   string   // about the form as a whole; may be empty
	Fields []*field // that have problems of their own, which stand there too
}

// leastPassword is the shortest password in characters, to tell a short one from a bad one.
const leastPassword = 8

// again shows a form once more, with what was wrong where it was wrong and everything else as it
// was. What the reader cannot mend by filling it in again is left to render.
func (h *Handler) again(v visit, err error, show *view) (httpkit.Reply, error) {
	f := fault.From(err)
	if show.Problem = v.explain(f, show.Form); show.Problem == nil {
		return httpkit.Reply{}, err
	}
	reply, err := h.show(v.Locale, show)
	reply.Status = httpkit.Status(f.Kind)
	for name, values := range httpkit.FaultHeaders(f) {
		reply.Header[name] = values
	}
	return reply, err
}

// explain puts what is wrong beside the fields that it is about, and returns what stands above
// the form: nothing if the fault is not about this form.
func (v visit) explain(f *fault.Error, form *inquiry) *problem {
	var p problem
	for _, bad := range f.Fields {
		at := form.field(bad.Field)
		if at == nil {
			return nil
		}
		at.Problem = v.wrong(bad)
		p.Fields = append(p.Fields, at)
	}
	if len(p.Fields) == 0 {
		if p.Text = said(v.Locale, f); p.Text == "" {
			return nil
		}
	}
	return &p
}

// wrong says what is wrong with a field.
func (v visit) wrong(bad fault.Field) string {
	code := bad.Code
	if code == "weak_password" && utf8.RuneCountInString(v.Get(bad.Field)) < leastPassword {
		code = "short_password"
	}
	const prefix = "pages.wrong."
	if text := v.Text(prefix + code); text != prefix+code {
		return text
	}
	return v.Text("pages.wrong.invalid")
}

// said returns what a fault is in the reader's language, or nothing when there are no words for
// it: then it is about the request and not about what somebody wrote.
func said(l locale.Locale, f *fault.Error) string {
	const prefix = "pages.fault."
	text := l.Text(prefix+f.Code, "wait", wait(l, f.RetryAfter))
	if text == prefix+f.Code {
		return ""
	}
	return text
}

// wait says how long to wait, rounded up: "5 minutes".
func wait(l locale.Locale, d time.Duration) string {
	say := func(unit string, of time.Duration) string {
		n := int64((d + of - 1) / of)
		if n == 1 {
			return l.Text("pages.wait." + unit)
		}
		return l.Text("pages.wait."+unit+"s", "n", strconv.FormatInt(n, 10))
	}
	switch {
	case d <= 0:
		return l.Text("pages.wait.unknown")
	case d <= time.Minute:
		return say("second", time.Second)
	case d <= time.Hour:
		return say("minute", time.Minute)
	default:
		return say("hour", time.Hour)
	}
}

// render is the pages' httpkit.Renderer: a page that says what went wrong, and the number under
// which our log says why.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, requestID string, f *fault.Error) {
	l := language(r)
	v := &view{Title: l.Text("pages.failed.title"), FinePrint: l.Text("pages.failed.request", "id", requestID)}
	text := said(l, f)
	switch {
	case text != "":
	case aboutCode(f):
		text = l.Text("pages.wrong." + f.Code)
	case f.Kind == fault.Internal:
		text = l.Text("pages.failed.internal")
	case f.Kind == fault.Unavailable:
		text = l.Text("pages.failed.unavailable", "wait", wait(l, f.RetryAfter))
	default:
		text = l.Text("pages.failed.request_bad")
	}
	v.Intro = []string{text}
	if strings.HasPrefix(r.URL.Path, socialPath) { // who comes from a provider has no way back
		v.Next = &link{mail.SignInPath, l.Text("pages.to_sign_in")}
		if aboutCode(f) { // they have no account to sign in to
			v.Next, v.Links = &link{mail.SignUpPath, l.Text("pages.back_to_sign_up")}, []link{*v.Next}
		}
	}
	h.write(w, l, v, f, requestID)
}

func (h *Handler) write(w http.ResponseWriter, l locale.Locale, v *view, f *fault.Error, requestID string) {
	doc, err := h.draw("page", l, v)
	if err != nil { // the templates are embedded, and every test draws them
		httpkit.WriteProblem(w, requestID, f)
		return
	}
	for _, all := range []http.Header{headers(formPolicy), httpkit.FaultHeaders(f), {"Content-Type": {doc.Type}}} {
		for name, values := range all {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(httpkit.Status(f.Kind))
	_, _ = w.Write(doc.Content) // the reader has gone: nobody is left to tell
}
