package flowless_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// spelled is a request with a member that has several spellings, and where its answer shows
// that the member was read.
type spelled struct {
	ask   string // with %s for the spelling
	shows string // where
	want  any
	given func(t *testing.T, w *world)
	then  func(t *testing.T, w *world, r dialecttest.Response)
	fresh bool // John has no account yet
}

const (
	byAdmin = "X-Session-ID: ses_admin_xyz\n\n"
	byJohn  = "X-Session-ID: ses_xyz789\n\n"
	bridged = "X-Bridge-Secret: your_bridge_secret\n\n"
)

// spellings are the members of the contract's list, each with every request that takes it.
func spellings() map[string][]spelled {
	const newcomer = `{"email":"user@example.com","password":"SecurePass123!","name":"John",`
	return map[string][]spelled{
		"userName user_name username": append(bySomebodyNew("johndoe.b", "user_name", newcomer),
			spelled{ask: "POST /auth/login\n\n" + `{"%s":"johndoe","password":"SecurePass123!"}`, shows: "user.user_name", want: "johndoe"}),
		"lastName last_name": bySomebodyNew("Byron", "last_name", newcomer),
		"userType user_type": {
			{ask: "POST /auth/register\n" + byAdmin + newcomer + `"%s":"admin"}`, shows: "data.user_type", want: "admin", fresh: true},
			{ask: "POST /auth/users\n" + byAdmin + newcomer + `"%s":"admin"}`, shows: "data.user_type", want: "admin", fresh: true},
			{ask: "PUT /auth/admin/users/usr_abc123\n" + byAdmin + `{"%s":"admin"}`, shows: "data.user_type", want: "admin"},
			{ask: "PUT /auth/users/usr_abc123\n" + byAdmin + `{"%s":"admin"}`, shows: "data.user_type", want: "admin"},
			{ask: "GET /auth/users?q=johndoe&%s=customer\n" + byAdmin, shows: "data.users.0.email", want: "user@example.com"},
			{ask: "GET /auth/users?q=johndoe&%s=admin\n" + byAdmin, shows: "data.pagination.total", want: 0.0},
		},
		"currentPassword current_password": {
			{ask: "POST /auth/password-change/self\n" + byJohn + `{"%s":"SecurePass123!","newPassword":"NewPassword456!"}`, then: passwordIs("NewPassword456!", false)},
			{ask: "POST /auth/change-password\n" + byJohn + `{"%s":"SecurePass123!","newPassword":"NewPassword456!"}`, then: passwordIs("NewPassword456!", false)},
		},
		"newPassword new_password": {
			{ask: "POST /auth/password-change/self\n" + byJohn + `{"currentPassword":"SecurePass123!","%s":"NewPassword456!"}`, then: passwordIs("NewPassword456!", false)},
			{ask: "POST /auth/change-password\n" + byJohn + `{"currentPassword":"SecurePass123!","%s":"NewPassword456!"}`, then: passwordIs("NewPassword456!", false)},
			{ask: "POST /auth/password-change/admin\n" + byAdmin + `{"userId":"usr_abc123","%s":"NewPassword456!"}`, then: passwordIs("NewPassword456!", true)},
			{ask: "POST /auth/reset-password\n\n" + `{"token":"reset_token_abc123","%s":"NewPassword456!"}`, given: mailed(mail.ResetPassword, asksForReset), then: passwordIs("NewPassword456!", true)},
			{ask: "POST /auth/password-reset/reset\n\n" + `{"token":"reset_token_abc123","%s":"NewPassword456!"}`, given: mailed(mail.ResetPassword, asksForReset), then: passwordIs("NewPassword456!", true)},
			{ask: "POST /auth/password-reset/complete\n\n" + `{"token":"reset_token_abc123","%s":"NewPassword456!"}`, given: mailed(mail.ResetPassword, asksForReset), then: passwordIs("NewPassword456!", true)},
		},
		"userId user_id": {
			{ask: "POST /auth/password-change/admin\n" + byAdmin + `{"%s":"usr_abc123","newPassword":"NewPassword456!"}`, then: passwordIs("NewPassword456!", true)},
		},
		"sessionId session_id": {
			{ask: "POST /auth/bridge/validate\n" + bridged + `{"%s":"ses_xyz789"}`, shows: "user.email", want: "user@example.com"},
			{ask: "POST /auth/bridge/validate?%s=ses_xyz789\n" + bridged, shows: "user.email", want: "user@example.com"},
			{ask: "POST /auth/validate\n\n" + `{"%s":"ses_xyz789","bridge_secret":"your_bridge_secret"}`, shows: "user.email", want: "user@example.com"},
			{ask: "GET /auth/me?%s=ses_xyz789", shows: "user.email", want: "user@example.com"},
			{ask: "POST /auth/logout?%s=ses_xyz789", then: johnIsOut},
		},
		"referenceId reference_id":     byHolder("ref_123", "reference_id"),
		"recoveryEmail recovery_email": byHolder("recovery@example.com", "recovery_email"),
		"displayName display_name":     byHolder("John D.", "display_name"),
		"resetUrl reset_url": {
			{ask: "POST /auth/password-reset/request\n\n" + `{"email":"user@example.com","%s":"https://yourapp.com/reset"}`, then: linksTo("https://yourapp.com/reset?")},
			{ask: "POST /auth/forgot-password\n\n" + `{"email":"user@example.com","%s":"https://yourapp.com/reset"}`, then: linksTo("https://yourapp.com/reset?")},
		},
		"deviceId device_id": {
			{ask: "POST /auth/login\n\n" + `{"email":"user@example.com","password":"SecurePass123!","%s":"device_abc123"}`, then: boundTo("device_abc123")},
		},
	}
}

// byHolder are the requests that take what only an account's holder or an admin sets.
func byHolder(value, name string) []spelled {
	set := `{"%s":"` + value + `"}`
	return []spelled{
		{ask: "PUT /auth/profile\n" + byJohn + set, shows: "data.user." + name, want: value},
		{ask: "PUT /auth/user/me\n" + byJohn + set, shows: "data." + name, want: value},
		{ask: "PUT /auth/update\n" + byJohn + set, shows: "user." + name, want: value},
		{ask: "PUT /auth/admin/users/usr_abc123\n" + byAdmin + set, shows: "data." + name, want: value},
		{ask: "PUT /auth/users/usr_abc123\n" + byAdmin + set, shows: "data." + name, want: value},
	}
}

// bySomebodyNew are those and the ones that make an account.
func bySomebodyNew(value, name, newcomer string) []spelled {
	set := newcomer + `"%s":"` + value + `"}`
	return append(byHolder(value, name),
		spelled{ask: "POST /auth/register\n\n" + set, shows: "data.user." + name, want: value, fresh: true},
		spelled{ask: "POST /auth/register\n" + byAdmin + set, shows: "data." + name, want: value, fresh: true},
		spelled{ask: "POST /auth/users\n" + byAdmin + set, shows: "data." + name, want: value, fresh: true},
		spelled{ask: "POST /auth/register/public\n" + bridged + set, shows: "data.user." + name, want: value, fresh: true},
	)
}

func TestEverySpellingOfARequestIsRead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	admin := s.NewFlowless(t, "root@example.com", identity.Superadmin)
	n := 0
	for names, table := range spellings() {
		for name := range strings.FieldsSeq(names) {
			for _, c := range table {
				n++
				w := &world{Server: s, n: n, admin: admin}
				line, _, _ := strings.Cut(fmt.Sprintf(c.ask, name), "\n")
				if strings.Contains(c.ask, byAdmin) {
					line += " as an admin"
				}
				t.Run(name+" in "+line, func(t *testing.T) { c.replay(t, w, name) })
			}
		}
	}
}

func (c spelled) replay(t *testing.T, w *world, name string) {
	if !c.fresh {
		w.john = w.newJohn(t, "SecurePass123!")
	}
	if c.given != nil {
		c.given(t, w)
	}
	r := w.Do(t, w.request(t, fmt.Sprintf(c.ask, name)))
	if r.Status != 200 {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	want := c.want
	if text, ok := want.(string); ok {
		want = w.own(text)
	}
	if got := member(tree(t, r.Body), c.shows); c.shows != "" && got != want {
		t.Errorf("%s is %v, want %v in %s", c.shows, got, want, r.Body)
	}
	if c.then != nil {
		c.then(t, w, r)
	}
}

// linksTo checks where the link in the mail leads.
func linksTo(page string) func(t *testing.T, w *world, _ dialecttest.Response) {
	return func(t *testing.T, w *world, _ dialecttest.Response) {
		mails := w.Mails(t, mail.ResetPassword, w.email())
		if len(mails) != 1 || !strings.Contains(mails[0].Text, page) {
			t.Errorf("no link to %s in %v", page, mails)
		}
	}
}

// boundTo checks that the session that began is good on one device only.
func boundTo(device string) func(t *testing.T, w *world, r dialecttest.Response) {
	return func(t *testing.T, w *world, r dialecttest.Response) {
		id, _ := member(tree(t, r.Body), "sessionId").(string)
		for other, want := range map[string]int{device: 200, "device_evil": 401, strings.ToUpper(device): 401} {
			q := dialecttest.Request{Path: "/flowless/auth/me", ID: id, Header: map[string]string{"X-Device-Id": other}}
			if got := w.Do(t, q); got.Status != want {
				t.Errorf("on %s: %d %s, want %d", other, got.Status, got.Body, want)
			}
			q = dialecttest.Request{Path: "/flowless/auth/me?device_id=" + other, ID: id}
			if got := w.Do(t, q); got.Status != want {
				t.Errorf("on %s, in the query: %d %s, want %d", other, got.Status, got.Body, want)
			}
		}
	}
}

func TestTwoSpellingsThatDisagreeAreRefused(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	w := &world{Server: s, n: 1}
	w.john = w.newJohn(t, "SecurePass123!")
	for _, ask := range []string{
		"PUT /auth/profile\n" + byJohn + `{"lastName":"Byron","last_name":"King"}`,
		"PUT /auth/user/me\n" + byJohn + `{"userName":"a.b.c","username":"d.e.f"}`,
		"POST /auth/password-change/self\n" + byJohn + `{"currentPassword":"SecurePass123!","current_password":"x","newPassword":"NewPassword456!"}`,
		"POST /auth/login\n\n" + `{"userName":"johndoe","user_name":"root","password":"SecurePass123!"}`,
		"POST /auth/login\n\n" + `{"email":"user@example.com","email":"root@example.com","password":"SecurePass123!"}`,
		"POST /auth/bridge/validate\n" + bridged + `{"sessionId":"ses_xyz789","session_id":"x"}`,
		"GET /auth/me?sessionId=ses_xyz789&session_id=x",
		"GET /auth/me?sessionId=ses_xyz789&sessionId=x",
	} {
		r := s.Do(t, w.request(t, ask))
		if r.Status != 400 {
			t.Errorf("%s: %d %s", ask, r.Status, r.Body)
			continue
		}
		r.FlowlessError(t)
	}
}
