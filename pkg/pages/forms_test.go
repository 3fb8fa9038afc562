package pages_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const socialLink = "/auth/social/"

const formPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guarded checks what every page carries.
func guarded(t *testing.T, r dialecttest.Response, policy string) {
	t.Helper()
	want := map[string]string{
		"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8",
	}
	got := map[string]string{}
	for name := range want {
		got[name] = strings.Join(r.Header.Values(name), " | ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	ours(t, r.Body)
}

// ours checks that a page loads nothing from elsewhere and has nothing inline, as a browser
// reads it.
func ours(t *testing.T, page string) {
	t.Helper()
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		tag := z.Token()
		if tag.Type != html.StartTagToken && tag.Type != html.SelfClosingTagToken {
			continue
		}
		src := ""
		for _, a := range tag.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("something inline: %s", tag)
			}
			if slices.Contains([]string{"src", "href", "action", "formaction", "srcset", "data"}, a.Key) {
				if src = a.Val; !strings.HasPrefix(src, "/account/") && !strings.HasPrefix(src, socialLink) && !strings.HasPrefix(src, "#") {
					t.Errorf("not ours: %s", tag)
				}
			}
		}
		if tag.Data == "style" || tag.Data == "svg" || tag.Data == "base" || tag.Data == "script" && src == "" {
			t.Errorf("something inline: %s", tag)
		}
	}
}

func TestEveryPageIsGuarded(t *testing.T) {
	s := start(t)
	a := s.Register(t, "ada@example.com", phrase)
	for _, path := range []string{
		"/account/sign-in", "/account/sign-up", "/account/sign-up?invitationCode=iv_x", "/account/forgot", "/account/check-mail",
		"/account/confirmed", "/account/password-set", "/account/restored", "/account/reset?token=x", "/account/verify?token=x",
		"/account/cancel?token=x", "/account/enter?token=x", "/account/sign-in?continue=//evil.example", "/account/sign-in?%zz", arrival, arrival + "?code=x",
	} {
		t.Run(path, func(t *testing.T) { guarded(t, get(t, s, path), formPolicy) })
	}
	t.Run("with a token", func(t *testing.T) {
		token := resetToken(t, s, a.Email)
		r := get(t, s, "/account/reset?token="+token+"&utm_source=mailer")
		guarded(t, r, formPolicy)
		has(t, r, 200, `<input type="hidden" name="token" value="`+token+`">`, `value="ada@example.com" autocapitalize="none" spellcheck="false"`)
		if n := strings.Count(r.Body, token); n != 1 {
			t.Errorf("the token stands there %d times", n)
		}
	})
	t.Run("after a form", func(t *testing.T) {
		guarded(t, send(t, s, "/account/sign-in", url.Values{"email": {"ada@example.com"}, "password": {"x"}}), formPolicy)
	})
}

func TestSigningInOnThePage(t *testing.T) {
	s := start(t, "GATEHOUSE_LIMIT_LOGIN=5/15m")
	s.Register(t, "ada@example.com", phrase)
	good := url.Values{"email": {" ada@example.com "}, "password": {phrase}, "continue": {"/account/restored"}}

	r := send(t, s, "/account/sign-in", good)
	has(t, r, 303)
	if r.Header.Get("Location") != arrival || !strings.HasPrefix(r.Header.Get("Set-Cookie"), "gatehouse-handoff=ht_") {
		t.Errorf("goes to %s with %s", r.Header.Get("Location"), r.Header.Get("Set-Cookie"))
	}

	wrong := send(t, s, "/account/sign-in", url.Values{"email": {"ada@example.com"}, "password": {"quite wrong"}, "continue": {"/x"}})
	has(t, wrong, 401, "The e-mail address or the password is wrong.", `value="ada@example.com"`, `name="continue" value="/x"`, `role="alert"`)
	if strings.Contains(wrong.Body, "quite wrong") {
		t.Error("the password is repeated")
	}
	unknown := send(t, s, "/account/sign-in", url.Values{"email": {"eve@example.com"}, "password": {"quite wrong"}, "continue": {"/x"}})
	if unknown.Status != 401 || strings.ReplaceAll(unknown.Body, "eve@", "ada@") != wrong.Body {
		t.Errorf("an unknown address is answered differently:\n%s", cmp.Diff(wrong.Body, unknown.Body))
	}

	has(t, send(t, s, "/account/sign-in", url.Values{"email": {`"><svg onload=alert(1)>`}, "password": {"x"}}), 400,
		"Enter an e-mail address such as name@example.com.", `aria-invalid="true"`, `aria-describedby="email-problem"`, `<a href="#email">`,
		`value="&#34;&gt;&lt;svg onload=alert(1)&gt;"`)

	for range 5 {
		r = send(t, s, "/account/sign-in", url.Values{"email": {"ada@example.com"}, "password": {"quite wrong"}})
	}
	has(t, r, 429, "Too many attempts. Try again in 15 minutes.")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.Clock.Advance(15 * time.Minute)
	has(t, send(t, s, "/account/sign-in", good), 303)
}

func TestAnUnverifiedAddressGetsAnotherMail(t *testing.T) {
	s := start(t, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
	up := url.Values{"name": {""}, "email": {"ada@example.com"}, "password": {phrase}, "continue": {"/x"}}
	r := send(t, s, "/account/sign-up", up)
	has(t, r, 303)
	if r.Header.Get("Location") != "/account/check-mail?continue=%2Fx" || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("goes to %s", r.Header)
	}
	if again := send(t, s, "/account/sign-up", up); again.Status != r.Status || again.Header.Get("Location") != r.Header.Get("Location") {
		t.Errorf("an address that is taken is answered %d %s", again.Status, again.Header)
	}
	in := url.Values{"email": {"ada@example.com"}, "password": {phrase}}
	has(t, send(t, s, "/account/sign-in", in), 403, `action="/account/resend"`, "Send the e-mail again")
	has(t, send(t, s, "/account/sign-in", url.Values{"email": {"ada@example.com"}, "password": {"wrong"}}), 401)

	first := s.MailedToken(t, mail.VerifyEmail, "ada@example.com")
	has(t, send(t, s, "/account/resend", url.Values{"email": {"ada@example.com"}}), 303)
	token := s.MailedToken(t, mail.VerifyEmail, "ada@example.com")
	if token == first {
		t.Error("no other mail came")
	}
	has(t, get(t, s, "/account/verify?token="+first), 400, "This link does not work any more")
	has(t, get(t, s, "/account/verify?token="+token), 200, "Is ada@example.com your e-mail address?")
	r = send(t, s, "/account/verify", url.Values{"token": {token}})
	if r.Status != 303 || r.Header.Get("Location") != "/account/confirmed" {
		t.Errorf("%d %s", r.Status, r.Header)
	}
	has(t, send(t, s, "/account/verify", url.Values{"token": {token}}), 400, "This link does not work any more")
	has(t, send(t, s, "/account/sign-in", in), 303)
}

func TestSigningUpOnThePage(t *testing.T) {
	s := start(t)
	s.Register(t, "ada@example.com", phrase)
	for _, c := range []struct {
		name, fields string
		status       int
		has          []string
	}{
		{"an address that is taken", "name=Ada&email=ada@example.com&password=" + phrase, 409, []string{"There is an account with this address already.", `value="Ada"`, `<a href="#email">`}},
		{"a short password", "email=eve@example.com&password=abc", 422, []string{"Too short: use at least 8 characters.", `aria-describedby="password-hint password-problem"`, `<a href="#password">`}},
		{"a password that is guessed", "email=eve@example.com&password=password1", 422, []string{"Too easy to guess."}},
		{"a password that is endless", "email=eve@example.com&password=" + strings.Repeat("x", 600), 400, []string{"Use at most 128 characters."}},
		{"a name that is a novel", "email=eve@example.com&password=abc&name=" + strings.Repeat("x", 65), 400, []string{"Use at most 64 visible characters.", `<a href="#name">`}},
		{"nothing", "", 400, []string{"Enter an e-mail address"}},
		{"a code that is none", "email=eve@example.com&password=" + phrase + "&invitationCode=iv_x", 400, []string{"This invitation is not valid", `value="iv_x"`, `id="invitationCode" type="text"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields, err := url.ParseQuery(c.fields)
			if err != nil {
				t.Fatal(err)
			}
			r := send(t, s, "/account/sign-up", fields)
			has(t, r, c.status, c.has...)
			if p := fields.Get("password"); p != "" && strings.Contains(r.Body, p) {
				t.Error("the password is repeated")
			}
		})
	}
}

func TestRegistrationByInvitationAndNone(t *testing.T) {
	t.Run("by invitation", func(t *testing.T) {
		s := start(t, "GATEHOUSE_REGISTRATION=invite")
		issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{})
		if err != nil {
			t.Fatal(err)
		}
		has(t, get(t, s, "/account/sign-up"), 200, "You need an invitation", `id="invitationCode" type="text"`)
		fields := url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "password": {phrase}}
		has(t, send(t, s, "/account/sign-up", fields), 403, "Enter your invitation code.", `<a href="#invitationCode">`)
		link, _ := strings.CutPrefix(issued[0].URL, s.URL)
		has(t, get(t, s, link), 200, "You have been invited.", `type="hidden" name="invitationCode" value="`+issued[0].Code+`"`)
		fields.Set("invitationCode", issued[0].Code)
		has(t, send(t, s, "/account/sign-up", fields), 303)
		fields.Set("email", "eve@example.com")
		has(t, send(t, s, "/account/sign-up", fields), 409, "This invitation has been used already.")
		if u, err := s.App.Accounts.Find(t.Context(), "ada@example.com"); err != nil || u.Profile.Name != "Ada" || u.InvitationID == "" {
			t.Errorf("%+v, %v", u.Profile, err)
		}
	})
	t.Run("none", func(t *testing.T) {
		s := start(t, "GATEHOUSE_REGISTRATION=closed")
		has(t, get(t, s, "/account/sign-up?continue=/x"), 403, "Registration is closed", `href="/account/sign-in?continue=%2Fx"`)
		has(t, send(t, s, "/account/sign-up", url.Values{"email": {"ada@example.com"}, "password": {phrase}}), 403, "New accounts cannot be created")
		if r := get(t, s, "/account/sign-in"); strings.Contains(r.Body, "sign-up") {
			t.Error("the sign-in page offers an account")
		}
	})
}

func TestForgettingAndResettingAPassword(t *testing.T) {
	s := start(t)
	a := s.Register(t, "ada@example.com", phrase)
	known := send(t, s, "/account/forgot", url.Values{"email": {"ada@example.com"}, "continue": {"/x"}})
	unknown := send(t, s, "/account/forgot", url.Values{"email": {"nobody@example.com"}, "continue": {"/x"}})
	if known.Status != 303 || unknown.Status != 303 || known.Header.Get("Location") != unknown.Header.Get("Location") || known.Body != unknown.Body {
		t.Errorf("%d %s and %d %s", known.Status, known.Header, unknown.Status, unknown.Header)
	}
	has(t, get(t, s, known.Header.Get("Location")), 200, "If there is something to send to that address", `href="/account/sign-in?continue=%2Fx"`)
	token := s.MailedToken(t, mail.ResetPassword, "ada@example.com")
	has(t, send(t, s, "/account/reset", url.Values{"token": {token}, "newPassword": {"short"}}), 422, "Too short", `value="`+token+`"`, `value="ada@example.com"`)
	r := send(t, s, "/account/reset", url.Values{"token": {token}, "newPassword": {"another long phrase"}})
	if r.Status != 303 || r.Header.Get("Location") != "/account/password-set" || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("%d %s", r.Status, r.Header)
	}
	if s.Me(t, a.AccessToken) != 401 {
		t.Error("the old session lives")
	}
	has(t, send(t, s, "/account/reset", url.Values{"token": {token}, "newPassword": {"another long phrase"}}), 400, "This link does not work any more")
	s.Login(t, "ada@example.com", "another long phrase")
}

func TestSigningInByAMailedLink(t *testing.T) {
	s := start(t)
	a := newcomer(t, s, "ada@example.com")
	token := enterToken(t, s, a.Email)
	m := s.Mails(t, mail.SignInLink, a.Email)[0]
	if !strings.Contains(m.Text, s.URL+"/account/enter?token="+token) {
		t.Errorf("the mail leads elsewhere: %s", m.Text)
	}
	page := get(t, s, "/account/enter?token="+token+"&continue=%2Faccount%2Frestored&utm_source=mailer")
	has(t, page, 200, "You are signing in as ada@example.com.", `action="/account/enter"`, `name="continue" value="/account/restored"`)
	guarded(t, page, formPolicy)
	if strings.Contains(page.Body, "worthless") {
		t.Error("a proved address is told of what it does not lose")
	}
	s.Register(t, "bob@example.com", phrase)
	has(t, get(t, s, "/account/enter?token="+enterToken(t, s, "bob@example.com")), 200, "A password that was set without it becomes worthless")
	if strings.Count(page.Body, token) != 1 || page.Header.Get("Set-Cookie") != "" {
		t.Errorf("the token stands there %d times, cookie %q", strings.Count(page.Body, token), page.Header.Get("Set-Cookie"))
	}
	r := send(t, s, "/account/enter", url.Values{"token": {token}, "continue": {"/account/restored"}})
	if r.Status != 303 || r.Header.Get("Location") != arrival {
		t.Errorf("%d %s", r.Status, r.Header)
	}
	var got struct {
		Authorization dialecttest.Authorization
		Destination   string
		Confirm       bool
	}
	exchange(t, s, strings.SplitN(r.Header.Get("Set-Cookie"), ";", 2)[0]).JSON(t, &got)
	if got.Authorization.LocalID != a.LocalID || s.Me(t, got.Authorization.AccessToken) != 200 || got.Confirm || got.Destination != s.URL+"/account/restored" {
		t.Errorf("arrived as %+v", got)
	}
	for _, again := range []dialecttest.Response{
		send(t, s, "/account/enter", url.Values{"token": {token}}), get(t, s, "/account/enter?token="+token),
		get(t, s, "/account/enter?token=rp_x"), send(t, s, "/account/enter", url.Values{}),
	} {
		has(t, again, 400, "This link does not work any more")
		guarded(t, again, formPolicy)
		if again.Header.Get("Set-Cookie") != "" {
			t.Error("a cookie is set")
		}
	}
	fresh := enterToken(t, s, a.Email)
	has(t, send(t, s, "/account/enter", url.Values{"token": {fresh}, "continue": {"https://evil.example/"}}), 400)
	u, err := s.App.Accounts.Find(t.Context(), a.Email)
	if err != nil {
		t.Fatal(err)
	}
	u.Disabled = true
	if err := s.App.Store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	has(t, send(t, s, "/account/enter", url.Values{"token": {fresh}}), 403, "This account has been disabled.")
}

func TestALookAtALinkIsNoUseOfIt(t *testing.T) {
	s := start(t)
	a := newcomer(t, s, "ada@example.com")
	confirm, undo := offerMove(t, s, "bob@example.com", "bob@new.example.com")
	for _, c := range []struct {
		path, token, says string
		fields            url.Values
		to                string
	}{
		{"/account/enter", enterToken(t, s, a.Email), "You are signing in as ada@example.com.", nil, arrival},
		{"/account/reset", resetToken(t, s, a.Email), "Set a new password", url.Values{"newPassword": {"another long phrase"}}, "/account/password-set"},
		{"/account/verify", confirm, "From now on you will sign in with bob@new.example.com instead of bob@example.com.", nil, "/account/confirmed"},
		{"/account/cancel", undo, "If it was not you, keep bob@example.com.", nil, "/account/restored"},
	} {
		t.Run(c.path, func(t *testing.T) {
			for range 10 {
				has(t, get(t, s, c.path+"?token="+c.token), 200, c.says)
				if r := s.Do(t, dialecttest.Request{Method: "HEAD", Path: c.path + "?token=" + c.token}); r.Status != 200 || r.Body != "" {
					t.Errorf("HEAD is answered %d %q", r.Status, r.Body)
				}
			}
			fields := url.Values{"token": {c.token}}
			for name, value := range c.fields {
				fields[name] = value
			}
			for name, foreign := range map[string]map[string]string{
				"another site":           {"Sec-Fetch-Site": "cross-site"},
				"another host of ours":   {"Sec-Fetch-Site": "same-site"},
				"an old browser":         {"Origin": "https://evil.example"},
				"an old browser, opaque": {"Origin": "null"},
			} {
				r := s.Do(t, dialecttest.Request{Method: "POST", Path: c.path, Body: fields.Encode(), Type: "application/x-www-form-urlencoded", Header: foreign})
				if r.Status != 403 || !strings.Contains(r.Body, "This form was sent from another site") {
					t.Errorf("%s: %d %s", name, r.Status, r.Body)
				}
				guarded(t, r, formPolicy)
			}
			r := send(t, s, c.path, fields)
			if r.Status != 303 || r.Header.Get("Location") != c.to {
				t.Errorf("the button: %d %s", r.Status, r.Header)
			}
			has(t, send(t, s, c.path, fields), 400)
		})
	}
	taken, _ := offerMove(t, s, "carol@example.com", "carol@new.example.com")
	newcomer(t, s, "carol@new.example.com")
	has(t, send(t, s, "/account/verify", url.Values{"token": {taken}}), 409, "This address belongs to another account already.")
	u, err := s.App.Accounts.Find(t.Context(), "bob@example.com")
	if err != nil || u.PasswordHash != "" {
		t.Errorf("after all of it bob has a password, or is gone: %v", err)
	}
	if _, _, err := s.App.Accounts.Peek(t.Context(), identity.Actor{}, identity.ResetPassword, resetToken(t, s, "bob@example.com")); err != nil {
		t.Error(err)
	}
}

func TestAFormIsTakenAsItWasMade(t *testing.T) {
	s := start(t)
	s.Register(t, "ada@example.com", phrase)
	good := url.Values{"email": {"ada@example.com"}, "password": {phrase}}
	for _, c := range []struct {
		name string
		q    dialecttest.Request
		want int
	}{
		{"JSON", dialecttest.Request{Body: dialecttest.JSON(map[string]string{"email": "ada@example.com", "password": phrase})}, 415},
		{"text that looks like a form", dialecttest.Request{Body: good.Encode(), Type: "text/plain"}, 415},
		{"several parts", dialecttest.Request{Body: "--x--", Type: "multipart/form-data; boundary=x"}, 415},
		{"a field more", dialecttest.Request{Body: good.Encode() + "&admin=1", Type: "application/x-www-form-urlencoded"}, 400},
		{"a field twice", dialecttest.Request{Body: good.Encode() + "&email=x", Type: "application/x-www-form-urlencoded"}, 400},
		{"no encoding", dialecttest.Request{Body: "email=%zz", Type: "application/x-www-form-urlencoded"}, 400},
		{"a megabyte", dialecttest.Request{Body: "email=" + strings.Repeat("x", 1<<20), Type: "application/x-www-form-urlencoded"}, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Path, c.q.Method = "/account/sign-in", "POST"
			r := s.Do(t, c.q)
			has(t, r, c.want, "Request "+r.Header.Get("X-Request-Id"))
			guarded(t, r, formPolicy)
			if r.Header.Get("Set-Cookie") != "" {
				t.Error("a cookie is set")
			}
		})
	}
}

func TestAFailureOfOursHasANumber(t *testing.T) {
	s := start(t)
	if err := s.App.Store.Close(); err != nil {
		t.Fatal(err)
	}
	r := s.Do(t, dialecttest.Request{
		Method: "POST", Path: "/account/sign-in", Body: "email=ada@example.com&password=x", Type: "application/x-www-form-urlencoded",
		Header: map[string]string{"Accept-Language": "de"},
	})
	if r.Status < 500 || strings.Contains(r.Body, "sql") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	has(t, r, r.Status, "Das hat nicht geklappt", `<html lang="de">`, "Anfrage "+r.Header.Get("X-Request-Id"))
	guarded(t, r, formPolicy)
}
