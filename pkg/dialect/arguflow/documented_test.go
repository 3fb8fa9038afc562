package arguflow_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// curl reads a request as the documents of Arguflow write them: words, quoted or not, on lines that
// end with a backslash.
func curl(t *testing.T, line string) request {
	t.Helper()
	q := request{Header: map[string]string{}}
	words := regexp.MustCompile(`'[^']*'|[^\s\\]+`).FindAllString(line, -1)
	if len(words) == 0 || words[0] != "curl" {
		t.Fatalf("no curl line: %s", line)
	}
	for i := 1; i < len(words); i++ {
		next := func() string { i++; return strings.Trim(words[i], "'") }
		switch w := words[i]; w {
		case "-X", "--request":
			q.Method = next()
		case "-H", "--header":
			name, value, _ := strings.Cut(next(), ": ")
			q.Header[name] = value
		case "-d", "--data":
			q.Body = next()
		case "--cookie":
			q.Header["Cookie"] = next()
		case "--url":
		default:
			u, err := url.Parse(w)
			if err != nil || u.Host != "api.arguflow.ai" {
				t.Fatalf("what is %q?", w)
			}
			q.Path = u.Path
		}
	}
	return q
}

// The curl lines of the documents, as they stand there.
const (
	curlInvite = `curl -X POST \
  https://api.arguflow.ai/invitation \
  -H 'Content-Type: application/json' \
  -H 'Cookie: ai-editor=your_cookie_value_here' \
  -d '{
      "email": "example@example.com",
      "referral_tokens": ["token1", "token2", "token3"]
    }'`
	curlRegister = `curl -X POST \
  https://api.arguflow.ai/register/{invitation_id} \
  -H 'Content-Type: application/json' \
  -H 'Cookie: ai-editor=your_cookie_value_here' \
  -d '{
      "password": "password",
      "password_confirmation": "password"
    }'`
	curlSignIn = `  curl --request POST \
    --url https://api.arguflow.ai/api/auth \
    --header 'Content-Type: application/json' \
    --data '{
      "email": "foobar@bar.com",
      "password": "fooandbar"
  }'`
	curlSignOut = `  curl --request DELETE \
    --url https://api.arguflow.ai/api/auth \
    --header 'Content-Type: application/json' `
	curlMe = `curl --request GET \
  --url https://api.arguflow.ai/api/auth \
  --cookie 'ai-editor=your_cookie_value_here'`
	curlMailReset = `curl --request GET \
  --url https://api.arguflow.ai/api/password/foobar@bar.com \
  --cookie 'ai-editor=your_cookie_value_here'`
	curlReset = `  curl --request POST \
    --url https://api.arguflow.ai/api/password \
    --header 'Content-Type: application/json' \
    --data '{
      "email": "foobar@bar.com",
  }'`
)

// exact fails unless an answer is what the documents have, to the byte. The id is any UUID.
func exact(t *testing.T, r response, status int, want string) {
	t.Helper()
	got := regexp.MustCompile(`"id":"[0-9a-f-]{36}"`).ReplaceAllString(r.Body, `"id":"00000000-0000-0000-0000-000000000000"`)
	if r.Status != status || got != want {
		t.Errorf("got %d %q, want %d %q", r.Status, got, status, want)
	}
	media := "application/json"
	if want == "" {
		media = ""
		if r.Header.Get("Content-Length") != "0" && status != http.StatusNoContent {
			t.Errorf("Content-Length is %q", r.Header.Get("Content-Length"))
		}
	}
	if d := cmp.Diff(media, r.Header.Get("Content-Type")); d != "" {
		t.Errorf("Content-Type (-want +got):\n%s", d)
	}
}

// without returns a path as the documents write it now and then.
func without(path string) string { return strings.TrimPrefix(path, "/api") }

// TestEveryDocumentedLine replays the curl lines. Of names, ids and cookies in them each is
// somebody's here.
func TestEveryDocumentedLine(t *testing.T) {
	const slim = `{"id":"00000000-0000-0000-0000-000000000000","email":"EMAIL","username":null,"website":null,"visible_email":true}` + "\n"
	for name, spell := range map[string]func(string) string{
		"with the path":    func(p string) string { return "/api" + strings.TrimPrefix(p, "/api") },
		"without the path": without,
	} {
		t.Run(name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				s := start(t, open, byUsers)
				inviter := signedIn(t, s, "inviter@example.com")
				ask := func(line string, replace ...string) response {
					t.Helper()
					q := curl(t, strings.NewReplacer(replace...).Replace(line))
					if path := spell(q.Path); without(path) == "/auth" {
						q.Path = "/api/auth" // no line has it otherwise
					} else {
						q.Path = path
					}
					return s.Do(t, q)
				}
				exact(t, ask(curlInvite), 401, `"Unauthorized"`+"\n") // the cookie of the document is nobody's
				exact(t, ask(curlInvite, "your_cookie_value_here", inviter), 200, "")
				link := dialecttest.LinkOf(t, s.Mails(t, mail.Invitation, "example@example.com")[0])
				id := link.Path[len("/auth/register/"):]
				if got, want := link.String(), "http://localhost:8080/auth/register/"+id+"?email=example%40example.com"; got != want || !isUUID(id) {
					t.Errorf("the link is %s, want %s", got, want)
				}
				exact(t, ask(curlRegister, "{invitation_id}", id), 400, `{"message":"The password is one of the most used ones"}`+"\n")
				made := ask(curlRegister, "{invitation_id}", id, `"password"`+"\n", `"fooandbar"`+"\n", `: "password"`, `: "fooandbar"`)
				exact(t, made, 200, strings.ReplaceAll(slim, "EMAIL", "example@example.com"))
				if set := made.Header.Values("Set-Cookie"); set != nil {
					t.Errorf("registering sets %q", set)
				}

				exact(t, ask(curlSignIn), 400, `{"message":"Incorrect email or password"}`+"\n")
				registered(t, s, "foobar@bar.com")
				exact(t, ask(curlSignIn, "fooandbar", "wrong"), 400, `{"message":"Incorrect email or password"}`+"\n")
				in := ask(curlSignIn, "fooandbar", phrase)
				exact(t, in, 204, "")
				cookie := (&http.Response{Header: in.Header}).Cookies()[0].Value
				exact(t, ask(curlMe), 401, `"Unauthorized"`+"\n")
				exact(t, ask(curlMe, "your_cookie_value_here", cookie), 200, strings.ReplaceAll(slim, "EMAIL", "foobar@bar.com"))

				exact(t, ask(curlMailReset), 204, "")
				first := s.MailedID(t, mail.ResetPassword, "foobar@bar.com")
				exact(t, ask(curlReset), 400, `{"message":"The body is not valid JSON (RFC 8259, UTF-8, no member twice)"}`+"\n") // it has a comma too many
				exact(t, ask(curlReset, `.com",`, `.com"`), 204, "")
				second := s.MailedID(t, mail.ResetPassword, "foobar@bar.com")
				if first == second || !isUUID(first) || !isUUID(second) {
					t.Errorf("the ids are %s and %s", first, second)
				}
				counts(t, s, mail.ResetPassword, "foobar@bar.com", 2)

				exact(t, ask(curlSignOut), 204, "") // nobody
				if !alive(t, s, cookie) {
					t.Error("somebody else's sign-out ended the session")
				}
				out := curl(t, curlSignOut).ByCookie(cookie)
				exact(t, s.Do(t, out), 204, "")
				if alive(t, s, cookie) {
					t.Error("the session lives on")
				}
				exact(t, s.Do(t, request{Path: spell("/api/password"), Body: twice(another, "password_reset_id", second)}), 204, "")
				s.ArguflowLogin(t, "foobar@bar.com", another)
			})
		})
	}
}

// TestEveryTextIsTheDocumented asks for each refusal that the original has a text for.
func TestEveryTextIsTheDocumented(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		signed := signedIn(t, s, ada)
		good, used, expired := invited(t, s, "good@example.com"), invited(t, s, "used@example.com"), invited(t, s, "late@example.com")
		must(t, s, request{Path: "/api/register/" + used, Body: twice(phrase)}, 200)
		none := "5b0f3a3e-94cb-4d79-9b1b-0d5f0a3a2c11"
		late := resetID(t, s, ada)
		for _, c := range []struct {
			name string
			q    request
			text string
		}{
			{"an invitation of no address", request{Path: "/api/invitation", Body: `{"email":"x"}`}, "Invalid email"},
			{"an invitation of an empty address", request{Path: "/api/invitation", Body: `{"email":"","referral_tokens":[]}`}, "Invalid email"},
			{"an invitation of nobody", request{Path: "/api/invitation", Body: `{}`}, "Invalid email"},
			{"an invitation of somebody who is here, by a user", request{Path: "/api/invitation", Body: body("email", ada)}.ByCookie(signed), "An account with this email already exists."},
			{"a short password", request{Path: "/api/register/" + good, Body: twice("seven77")}, "Password must be at least 8 characters"},
			{"a short password that does not match", request{Path: "/api/register/" + good, Body: body("password", "x", "password_confirmation", "y")}, "Password must be at least 8 characters"},
			{"no password", request{Path: "/api/register/" + good, Body: `{}`}, "Password must be at least 8 characters"},
			{"passwords that do not match", request{Path: "/api/register/" + good, Body: body("password", phrase, "password_confirmation", another)}, "Passwords do not match"},
			{"no confirmation", request{Path: "/api/register/" + good, Body: body("password", phrase)}, "Passwords do not match"},
			{"no invitation", request{Path: "/api/register/" + none, Body: twice(phrase)}, "Invalid Invitation"},
			{"what is no UUID", request{Path: "/api/register/x", Body: twice(phrase)}, "Invalid Invitation"},
			{"a used invitation", request{Path: "/api/register/" + used, Body: twice(phrase)}, "Invalid Invitation"},
			{"no password to sign in with", request{Path: "/api/auth", Body: body("email", ada)}, "Email or password is empty"},
			{"no address to sign in with", request{Path: "/api/auth", Body: body("password", phrase)}, "Email or password is empty"},
			{"nothing to sign in with", request{Path: "/api/auth", Body: `{}`}, "Email or password is empty"},
			{"a wrong password", request{Path: "/api/auth", Body: body("email", ada, "password", another)}, "Incorrect email or password"},
			{"somebody who is not here", request{Path: "/api/auth", Body: body("email", "no@example.com", "password", another)}, "Incorrect email or password"},
			{"what is no address", request{Path: "/api/auth", Body: body("email", "x", "password", another)}, "Incorrect email or password"},
			{"a mail to no address", request{Path: "/api/password/x"}, "Invalid email"},
			{"a mail to no address, asked for in a body", request{Path: "/api/password", Body: body("email", "x")}, "Invalid email"},
			{"a reset that does not match", request{Path: "/api/password", Body: body("password_reset_id", late, "password", phrase, "password_confirmation", another)}, "Passwords do not match"},
			{"a short one that does not match", request{Path: "/api/password", Body: body("password_reset_id", late, "password", "x", "password_confirmation", "y")}, "Passwords do not match"},
			{"a reset to a short one", request{Path: "/api/password", Body: twice("seven77", "password_reset_id", late)}, "Password must be at least 8 characters long"},
			{"a reset to a common one", request{Path: "/api/password", Body: twice("password", "password_reset_id", late)}, "The password is one of the most used ones"},
			{"a reset to a long one", request{Path: "/api/password", Body: twice(strings.Repeat("x", 129), "password_reset_id", late)}, "The password is too long: at most 128 characters"},
			{"a reset to one's address", request{Path: "/api/password", Body: twice(ada, "password_reset_id", late)}, "The password is made from your name, your address or the name of this service"},
			{"no reset", request{Path: "/api/password", Body: twice(another, "password_reset_id", none)}, "Invalid password reset id"},
			{"a reset that is no UUID", request{Path: "/api/password", Body: twice(another, "password_reset_id", "x")}, "Invalid password reset id"},
			{"a reset without an id", request{Path: "/api/password", Body: twice(another)}, "password_reset_id is required, or email to get one by mail"},
			{"a reset by an address alone", request{Path: "/api/password", Body: twice(another, "email", ada)}, "password_reset_id is required, or email to get one by mail"},
			{"a reset that an invitation is shown for", request{Path: "/api/password", Body: twice(another, "password_reset_id", good)}, "Invalid password reset id"},
			{"an invitation that a reset is shown for", request{Path: "/api/register/" + late, Body: twice(another)}, "Invalid Invitation"},
			{"a hidden address without a name", request{Method: "PUT", Path: "/api/user", Body: `{"visible_email":false}`}.ByCookie(signed), "You must provide a username or make your email visible"},
			{"a hidden address with an empty name", request{Method: "PUT", Path: "/api/user", Body: `{"username":"","visible_email":false}`}.ByCookie(signed), "You must provide a username or make your email visible"},
			{"nothing about the address", request{Method: "PUT", Path: "/api/user", Body: `{"username":"ada"}`}.ByCookie(signed), "visible_email is required"},
		} {
			t.Run(c.name, func(t *testing.T) { says(t, s, c.q, c.text) })
		}
		s.Clock.Advance(73 * 60 * 60 * 1e9)
		says(t, s, request{Path: "/api/register/" + expired, Body: twice(phrase)}, "Invitation Expired")
		says(t, s, request{Path: "/api/password", Body: twice(another, "password_reset_id", late)}, "Password reset request expired")
	})
}

// TestTheWordsOfTheOtherStatuses looks at what has one word.
func TestTheWordsOfTheOtherStatuses(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
	newUser(t, s, "shut@example.com")
	shut := true
	if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, "shut@example.com", settingOf(shut)); err != nil {
		t.Fatal(err)
	}
	const unauthorized, forbidden, nothing = `"Unauthorized"` + "\n", `"Forbidden"` + "\n", `"Record not found"` + "\n"
	for _, c := range []struct {
		q      request
		status int
		body   string
	}{
		{request{Path: "/api/auth"}, 401, unauthorized},
		{request{Path: "/api/auth"}.ByCookie("x"), 401, unauthorized},
		{request{Method: "PUT", Path: "/api/user", Body: `{"visible_email":true}`}, 401, unauthorized},
		{request{Path: "/api/auth", Key: "x", Body: body("email", ada, "password", phrase)}, 401, unauthorized},
		{request{Path: "/api/auth", Body: body("email", "shut@example.com", "password", phrase)}, 403, forbidden},
		{request{Path: "/api/nothing"}, 404, nothing},
		{request{Path: "/api"}, 404, nothing},
		{request{Path: "/api/password"}, 405, `{"message":"This does not take that method"}` + "\n"},
		{request{Path: "/api/auth//x"}, 400, `{"message":"The path is ambiguous or badly encoded"}` + "\n"},
	} {
		r := s.Do(t, c.q)
		exact(t, r, c.status, c.body)
		r.ArguflowError(t)
	}
	r := s.Do(t, request{Path: "/api/health"})
	exact(t, r, 200, "")
}
