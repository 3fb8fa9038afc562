package flowless_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// exchange is one request as a reference has it, and what the reference answers. Names in it are
// those of the references; each exchange is replayed with names, ids and tokens of its own.
type exchange struct {
	name    string
	given   func(t *testing.T, w *world) // besides John; nil means nothing
	pass    string                       // John's password; empty means that John has no account
	strict  bool                         // signing in waits for a proved address
	ask     string
	status  int // 0 means 200
	answer  string
	differs []decision
	then    func(t *testing.T, w *world, r dialecttest.Response)
}

// decision says where the design decides against a reference, and for what.
type decision struct{ at, value, why string }

// world is what one exchange needs to exist.
type world struct {
	*dialecttest.Server
	n           int
	john, admin dialecttest.Flowless
	token       string // out of a mail

	resetToken, loginToken string // likewise, where there are several

	providers idps
	answers   map[string]url.Values // of google, by where the flow began
	cookies   []string              // that the browser has
	idToken   string                // of google, for an app
}

// TestEveryDocumentedExchange replays the references.
func TestEveryDocumentedExchange(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		all := provided(s)
		strict := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		admin := s.NewFlowless(t, "root@example.com", identity.Admin)
		n := 0
		for name, table := range map[string][]exchange{
			"playground, core": playgroundCore(), "playground, own account": playgroundOwn(), "playground, passwords and mails": playgroundProofs(),
			"playground, bridge": playgroundServers(), "playground, admin": playgroundAdmin(), "pictures": pictures(), "playground, social": playgroundSocial(), "playground, last part": playgroundLast(), "reference": reference(),
		} {
			for _, x := range table {
				n++
				w := &world{Server: s, n: n, admin: admin, providers: all}
				if x.strict {
					w.Server = strict
				}
				t.Run(name+"/"+x.name, func(t *testing.T) { x.replay(t, w) })
			}
		}
	})
}

// start starts a service and gives it a quick hasher.
func start(t testing.TB, open dialecttest.Opener, env ...string) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, open, dialecttest.Options{Env: append([]string{"GATEHOUSE_CORS_ORIGINS=https://yourapp.com"}, env...)})
	dialecttest.QuickPasswords(s)
	return s
}

func (x exchange) replay(t *testing.T, w *world) {
	if x.pass != "" {
		w.john = w.newJohn(t, x.pass)
	}
	if x.given != nil {
		x.given(t, w)
	}
	r := w.Do(t, w.request(t, x.ask))
	status := max(x.status, http.StatusOK)
	if x.status == 0 {
		status = http.StatusOK
	}
	if r.Status != status {
		t.Fatalf("got %d %s, want %d", r.Status, r.Body, status)
	}
	w.compare(t, x, r)
	if r.Status >= 400 && r.Body != "" {
		r.FlowlessError(t)
	}
	if x.then != nil {
		x.then(t, w, r)
	}
}

// newJohn makes the user that the references have in their examples and signs him in.
func (w *world) newJohn(t *testing.T, password string) dialecttest.Flowless {
	t.Helper()
	yes, name, last := true, "John", "Doe"
	d := account.Draft{Email: w.email(), Password: password, Username: w.own("johndoe"), Profile: account.ProfileChange{Name: &name, LastName: &last}}
	if _, err := w.App.Accounts.Create(t.Context(), dialecttest.Operator, d, account.Setting{Verified: &yes}); err != nil {
		t.Fatal(err)
	}
	return w.FlowlessLogin(t, w.email(), password)
}

func (w *world) email() string { return w.own("user@example.com") }

// own makes the names that must be nobody else's this exchange's own.
func (w *world) own(text string) string {
	n := fmt.Sprint(w.n)
	return strings.NewReplacer(
		"demo@example.com", "user"+n+"@example.com", "user@example.com", "user"+n+"@example.com",
		"newemail@example.com", "newemail"+n+"@example.com", "johndoe", "johndoe"+n,
	).Replace(text)
}

// request reads a request as the references write them: a line, headers, an empty line and a body.
func (w *world) request(t *testing.T, ask string) dialecttest.Request {
	t.Helper()
	ask = strings.NewReplacer(
		"ses_xyz789", w.john.ID, "ses_admin_xyz", w.admin.ID, "usr_abc123", w.john.UserID, "your_bridge_secret", dialecttest.BridgeSecret,
		"reset_token_abc123", w.token, "verify_token_abc123", w.token, "oauth_code_abc123", w.answers[googleLogin].Get("code")+"&state="+w.answers[googleLogin].Get("state"),
		"authorization_code_from_provider", w.answers[googleOauth].Get("code"), "state_token", w.answers[googleOauth].Get("state"),
		"google_access_token_abc123", "made-for-us", "google_id_token_xyz789", w.idToken,
	).Replace(w.own(strings.TrimSpace(ask)))
	head, body, _ := strings.Cut(ask, "\n\n")
	lines := strings.Split(head, "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	q := dialecttest.Request{Method: method, Path: "/flowless" + path, Body: body, Header: map[string]string{}}
	if len(w.cookies) > 0 {
		q.Header["Cookie"] = strings.Join(w.cookies, "; ")
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("no header: %q", line)
		}
		q.Header[name] = value
	}
	if q.Header["Content-Type"] == "multipart/form-data" {
		delete(q.Header, "Content-Type")
		q.Body, q.Type = multipartPicture(t, "me.png", photo(t))
	}
	return q
}

// compare holds an answer to the documented one.
func (w *world) compare(t *testing.T, x exchange, r dialecttest.Response) {
	t.Helper()
	if x.answer == "" {
		return
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" && got != "application/json; charset=utf-8" {
		t.Errorf("the answer is of type %q", got)
	}
	want, got := tree(t, w.own(x.answer)), tree(t, r.Body)
	for _, d := range x.differs {
		if d.why == "" || !replace(want, strings.Split(d.at, "."), tree(t, w.own(d.value))) {
			t.Fatalf("the decision about %s is about nothing, or has no reason", d.at)
		}
	}
	for _, wrong := range append(differences("answer", want, got, w.john.UserID), unsound("answer", got)...) {
		t.Error(wrong)
	}
	if t.Failed() {
		t.Logf("the answer: %s", r.Body)
	}
}

func tree(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// signedUpUnverified gives John an account whose address is not proved yet.
func signedUpUnverified(t *testing.T, w *world) {
	t.Helper()
	name := "John"
	_, err := w.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: w.email(), Password: "SecurePass123!", Profile: account.ProfileChange{Name: &name}}, account.Setting{})
	if err != nil {
		t.Fatal(err)
	}
}

// mailed asks for a mail, through the dialect, and keeps the token of its link.
func mailed(kind mail.Kind, ask string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		if r := w.Do(t, w.request(t, ask)); r.Status != http.StatusOK {
			t.Fatalf("asking for the mail: %d %s", r.Status, r.Body)
		}
		w.token = w.MailedToken(t, kind, w.email())
	}
}
