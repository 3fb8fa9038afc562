package flowless_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	another            = "another long phrase"
	notAnAdministrator = "The credential does not allow this"
)

// realm is a service with people of each type, by who they are.
type realm struct {
	*dialecttest.Server
	who map[string]dialecttest.Flowless
}

func newRealm(t *testing.T, open dialecttest.Opener) realm {
	t.Helper()
	r := realm{dialecttest.Start(t, open, dialecttest.Options{}), map[string]dialecttest.Flowless{}}
	dialecttest.QuickPasswords(r.Server)
	for _, userType := range []string{identity.Customer, identity.Admin, identity.Superadmin} {
		for _, n := range []string{"", "2"} {
			r.who[userType+n] = r.NewFlowless(t, userType+n+"@example.com", userType)
		}
	}
	return r
}

// users is a request to one of the routes about an account.
func users(method, path, of string, o object) dialecttest.Request {
	q := dialecttest.Request{Method: method, Path: "/flowless/auth/" + path + of}
	if o != nil {
		q.Body = body(o)
	}
	return q
}

func (r realm) as(who string, q dialecttest.Request) dialecttest.Request {
	q.ID = r.who[who].ID
	return q
}

func (r realm) set(t *testing.T, who string, set account.Setting) {
	t.Helper()
	if _, err := r.App.Accounts.Set(t.Context(), dialecttest.Operator, r.who[who].UserID, set); err != nil {
		t.Fatal(err)
	}
}

// administration is every route of administrators about an account with an id.
func administration(id string) map[string]dialecttest.Request {
	return map[string]dialecttest.Request{
		"inspect":          users(http.MethodGet, "admin/users/", id, nil),
		"change":           users(http.MethodPut, "admin/users/", id, object{"bio": "changed"}),
		"change as client": users(http.MethodPut, "users/", id, object{"bio": "changed"}),
		"password":         users(http.MethodPost, "password-change/admin", "", object{"userId": id, "newPassword": another}),
		"delete":           users(http.MethodDelete, "users/", id, nil),
	}
}

func TestWhoReachesTheRoutesOfAdministrators(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		r.who["signed out"] = r.FlowlessLogin(t, "admin@example.com", r.who["admin"].Password)
		r.Do(t, r.as("signed out", dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/logout"}))
		r.who["demoted"], r.who["shut"] = r.NewFlowless(t, "demoted@example.com", identity.Admin), r.NewFlowless(t, "shut@example.com", identity.Superadmin)
		customer, yes := identity.Customer, true
		r.set(t, "demoted", account.Setting{UserType: &customer})
		r.set(t, "shut", account.Setting{Disabled: &yes})
		native := r.Login(t, "admin@example.com", r.who["admin"].Password)
		for name, tc := range map[string]struct {
			with   func(dialecttest.Request) dialecttest.Request
			status int
		}{
			"nobody":                  {func(q dialecttest.Request) dialecttest.Request { return q }, 401},
			"a customer":              {func(q dialecttest.Request) dialecttest.Request { return r.as("customer", q) }, 403},
			"an admin signed out":     {func(q dialecttest.Request) dialecttest.Request { return r.as("signed out", q) }, 401},
			"an admin demoted":        {func(q dialecttest.Request) dialecttest.Request { return r.as("demoted", q) }, 403},
			"a superadmin shut out":   {func(q dialecttest.Request) dialecttest.Request { return r.as("shut", q) }, 401},
			"a bridge":                {func(q dialecttest.Request) dialecttest.Request { q.Bridge = dialecttest.BridgeSecret; return q }, 401},
			"a server":                {func(q dialecttest.Request) dialecttest.Request { q.Key = r.Secret; return q }, 401},
			"an application":          {func(q dialecttest.Request) dialecttest.Request { q.Key = r.Publishable; return q }, 401},
			"an admin's access token": {func(q dialecttest.Request) dialecttest.Request { q.Bearer = native.AccessToken; return q }, 401},
			"a customer at a server": {func(q dialecttest.Request) dialecttest.Request {
				q.Key = r.Secret
				return r.as("customer", q)
			}, 403},
			"a customer at a bridge": {func(q dialecttest.Request) dialecttest.Request {
				q.Bridge = dialecttest.BridgeSecret
				return r.as("customer", q)
			}, 403},
		} {
			var unknown map[string]dialecttest.Response
			for _, id := range []string{"nobody", r.who["customer"].UserID, r.who["customer2"].UserID, r.who["admin"].UserID, r.who["superadmin"].UserID} {
				answers := map[string]dialecttest.Response{}
				for verb, q := range administration(id) {
					answers[verb] = r.Do(t, tc.with(q))
					gated := tc.status != 403 || strings.Contains(answers[verb].Body, notAnAdministrator) // by the route, before any service
					if answers[verb].Status != tc.status || !gated {
						t.Errorf("%s, %s: %d %s, want %d", name, verb, answers[verb].Status, answers[verb].Body, tc.status)
					}
				}
				if unknown == nil {
					unknown = answers
				}
				for verb, a := range answers {
					if a.Body != unknown[verb].Body {
						t.Errorf("%s, %s: %s for somebody there is and %s for somebody there is not", name, verb, a.Body, unknown[verb].Body)
					}
				}
			}
			if found := r.Do(t, tc.with(users(http.MethodGet, "users?q=customer", "", nil))); found.Status != tc.status || strings.Contains(found.Body, "customer@") {
				t.Errorf("%s searches: %d %s, want %d", name, found.Status, found.Body, tc.status)
			}
			made := r.Do(t, tc.with(users(http.MethodPost, "users", "", object{"email": "new@example.com", "password": another})))
			if made.Status != tc.status || tc.status == 403 && !strings.Contains(made.Body, notAnAdministrator) {
				t.Errorf("%s makes an account: %d %s, want %d", name, made.Status, made.Body, tc.status)
			}
		}
		for who, f := range r.who {
			if u, err := r.App.Accounts.Find(t.Context(), f.UserID); err != nil || u.Profile.Bio != "" {
				t.Errorf("%s was changed: %+v, %v", who, u, err)
			}
		}
	})
}

func TestWhatAdministratorsMayDoToWhom(t *testing.T) {
	everything := []string{"inspect", "change", "change as client", "password", "delete"}
	for name, tc := range map[string]struct {
		by, of  string
		allowed []string
		refusal int
	}{
		"an admin to a customer":           {"admin", "customer", everything, 0},
		"an admin to another":              {"admin", "admin2", []string{"inspect"}, 403},
		"an admin to a superadmin":         {"admin", "superadmin", []string{"inspect"}, 403},
		"an admin to themselves":           {"admin", "admin", []string{"inspect", "change", "change as client"}, 403},
		"an admin to nobody":               {"admin", "nobody", nil, 404},
		"a superadmin to an admin":         {"superadmin", "admin", everything, 0},
		"a superadmin to another":          {"superadmin", "superadmin2", everything, 0},
		"a superadmin to themselves":       {"superadmin", "superadmin", []string{"inspect", "change", "change as client"}, 403},
		"a superadmin to nobody":           {"superadmin", "nobody", nil, 404},
		"a superadmin to somebody deleted": {"superadmin", "deleted", nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
				r := newRealm(t, open)
				r.who["nobody"] = dialecttest.Flowless{UserID: "nobody"}
				r.who["deleted"] = r.NewFlowless(t, "deleted@example.com", identity.Customer)
				if _, err := r.App.Accounts.Delete(t.Context(), dialecttest.Operator, r.who["deleted"].UserID); err != nil {
					t.Fatal(err)
				}
				requests := administration(r.who[tc.of].UserID)
				for _, verb := range everything { // in this order
					want := tc.refusal
					if slices.Contains(tc.allowed, verb) {
						want = 200
					}
					if a := r.Do(t, r.as(tc.by, requests[verb])); a.Status != want {
						t.Errorf("%s: %d %s, want %d", verb, a.Status, a.Body, want)
					} else if a.Status != 200 {
						a.FlowlessError(t)
					}
				}
			})
		})
	}
}

func TestNobodyIsGivenMoreThanTheirGiverHas(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		for _, tc := range []struct {
			by, of, userType string
			status           int
		}{
			{"admin", "customer", "admin", 403},
			{"admin", "customer", "superadmin", 403},
			{"admin", "customer", "king", 400},
			{"admin", "customer", "Superadmin", 400},
			{"admin", "customer", "customer", 200},
			{"admin", "admin", "superadmin", 403},
			{"superadmin", "customer", "superadmin", 403},
			{"superadmin", "admin2", "superadmin", 403},
			{"superadmin", "customer", "admin", 200},
		} {
			for _, name := range []string{"user_type", "userType"} {
				for _, path := range []string{"admin/users/", "users/"} {
					q := users(http.MethodPut, path, r.who[tc.of].UserID, object{name: tc.userType})
					if a := r.Do(t, r.as(tc.by, q)); a.Status != tc.status {
						t.Errorf("%s makes %s %s: %d %s, want %d", tc.by, tc.of, tc.userType, a.Status, a.Body, tc.status)
					}
				}
				email := tc.by + "." + tc.userType + "." + name + "." + tc.of + "@example.com"
				q := users(http.MethodPost, "users", "", object{"email": email, "password": another, name: tc.userType})
				if a := r.Do(t, r.as(tc.by, q)); a.Status != tc.status && tc.of != tc.by {
					t.Errorf("%s makes a new %s: %d %s, want %d", tc.by, tc.userType, a.Status, a.Body, tc.status)
				}
			}
		}
		for _, f := range forbidden {
			if f.status == http.StatusBadRequest {
				q := users(http.MethodPut, "admin/users/", r.who["customer2"].UserID, object{f.member: f.value})
				if a := r.Do(t, r.as("superadmin", q)); a.Status != http.StatusBadRequest {
					t.Errorf("a superadmin sends %s: %d %s", f.member, a.Status, a.Body)
				}
			}
		}
	})
}

func TestAdministratorsHaveTheirOwnDoorsForWhatIsTheirs(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		for _, who := range []string{"admin", "superadmin"} {
			before := self(t, r.Server, r.who[who].ID)
			put := func(o object) dialecttest.Request {
				return r.as(who, users(http.MethodPut, "admin/users/", r.who[who].UserID, o))
			}
			r.Run(t, []dialecttest.Case{
				{Name: "another address", Request: put(object{"email": "new@example.com"}), Status: 403, Code: "INSUFFICIENT_SCOPE"},
				{Name: "a verified one", Request: put(object{"is_verified": true}), Status: 403, Code: "INSUFFICIENT_SCOPE"},
				{Name: "another address with a name", Request: put(object{"email": "new@example.com", "name": "Ada"}), Status: 403},
			})
			if d := cmp.Diff(before, self(t, r.Server, r.who[who].ID)); d != "" {
				t.Errorf("%s:\n%s", who, d)
			}
			if a := r.Do(t, put(before)); a.Status != 200 {
				t.Errorf("%s sends their account back as it was: %d %s", who, a.Status, a.Body)
			}
			if d := cmp.Diff(before, self(t, r.Server, r.who[who].ID)); d != "" {
				t.Errorf("%s, sent back:\n%s", who, d)
			}
		}
	})
}

func TestAnAddressFromAnAdministratorIsTheirsAtOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		yes := true
		r.set(t, "customer", account.Setting{Verified: &yes})
		customer := r.who["customer"]
		r.Do(t, dialecttest.Request{Path: "/flowless/auth/forgot-password", Body: body(object{"email": customer.Email})})
		reset := r.MailedToken(t, mail.ResetPassword, customer.Email)
		r.Run(t, []dialecttest.Case{
			{Name: "that somebody has", Request: r.as("admin", users(http.MethodPut, "admin/users/", customer.UserID, object{"email": "customer2@example.com"})), Status: 409, Code: "EMAIL_EXISTS"},
			{Name: "that is none", Request: r.as("admin", users(http.MethodPut, "admin/users/", customer.UserID, object{"email": "nonsense"})), Status: 400},
			{Name: "that is new", Request: r.as("admin", users(http.MethodPut, "admin/users/", customer.UserID, object{"email": "new@example.com"})), Status: 200, Has: []string{`"email":"new@example.com"`, `"is_verified":false`}},
			{Name: "and no link of the old one works", Request: dialecttest.Request{Path: "/flowless/auth/reset-password", Body: body(object{"token": reset, "password": another})}, Status: 400, Code: "INVALID_LINK"},
			{Name: "and the session goes on", Request: r.as("customer", dialecttest.Request{Path: "/flowless/auth/me"}), Status: 200, Has: []string{`"email":"new@example.com"`}},
			{Name: "and the old one signs nobody in", Request: dialecttest.Request{Path: "/flowless/auth/login", Body: body(object{"email": customer.Email, "password": customer.Password})}, Status: 401},
		})
		r.FlowlessLogin(t, "new@example.com", customer.Password)
		if n := len(r.Mails(t, mail.AddressChanged, customer.Email)); n != 1 {
			t.Errorf("%d mails to the old address, want 1", n)
		}
		q := users(http.MethodPut, "users/", r.who["customer2"].UserID, object{"email": "second@example.com", "is_verified": true})
		if a := r.Do(t, r.as("admin", q)); a.Status != 200 || !strings.Contains(a.Body, `"is_verified":true`) {
			t.Errorf("an address that the administrator vouches for: %d %s", a.Status, a.Body)
		}
	})
}

// What an administrator does to an account holds on every node with the answer, not five seconds
// later.
func TestWhatAdministratorsDoHoldsAtOnceEverywhere(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		node := r.Node(t)
		dialecttest.QuickPasswords(r.Server, node)
		yes := true
		refresh := func(of dialecttest.Flowless) int {
			return node.Do(t, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/refresh", ID: of.ID}).Status
		}
		for name, do := range map[string]func(of dialecttest.Flowless){
			"disabled": func(of dialecttest.Flowless) {
				if _, err := r.App.Accounts.Set(t.Context(), dialecttest.Operator, of.UserID, account.Setting{Disabled: &yes}); err != nil {
					t.Fatal(err)
				}
			},
			"deleted":  func(of dialecttest.Flowless) { r.ok(t, r.as("superadmin", administration(of.UserID)["delete"])) },
			"password": func(of dialecttest.Flowless) { r.ok(t, r.as("superadmin", administration(of.UserID)["password"])) },
		} {
			of := r.NewFlowless(t, name+"@example.com", identity.Admin)
			spent := r.FlowlessLogin(t, of.Email, of.Password)
			do(of)
			if got := node.FlowlessMe(t, of.ID); got != 401 {
				t.Errorf("%s: the session answers %d", name, got)
			}
			if got := refresh(of); got != 401 {
				t.Errorf("%s: it is renewed: %d", name, got)
			}
			if got := refresh(spent); got != 401 {
				t.Errorf("%s: another one is renewed: %d", name, got)
			}
		}
		admin := r.who["admin"]
		r.ok(t, r.as("superadmin", users(http.MethodPut, "admin/users/", admin.UserID, object{"user_type": "customer"})))
		if a := node.Do(t, r.as("admin", administration(r.who["customer"].UserID)["inspect"])); a.Status != 403 {
			t.Errorf("a demoted admin inspects: %d", a.Status)
		}
		if a := node.Do(t, r.as("admin", dialecttest.Request{Path: "/flowless/auth/me"})); a.Status != 200 || !strings.Contains(a.Body, `"user_type":"customer"`) {
			t.Errorf("and is %d %s", a.Status, a.Body)
		}
		if got := refresh(admin); got != 200 {
			t.Errorf("and their session is renewed with %d", got)
		}
	})
}

func (r realm) ok(t *testing.T, q dialecttest.Request) {
	t.Helper()
	if a := r.Do(t, q); a.Status != 200 {
		t.Fatalf("%s %s: %d %s", q.Method, q.Path, a.Status, a.Body)
	}
}

func TestInspectionShowsSessionsAndOpensNone(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		r := newRealm(t, open)
		customer := r.who["customer"]
		r.Clock.Advance(time.Minute)
		second := r.FlowlessLogin(t, customer.Email, customer.Password)
		a := r.Do(t, r.as("admin", administration(customer.UserID)["inspect"]))
		var got struct {
			Data struct {
				Sessions []struct {
					ID     string `json:"id"`
					Prefix string `json:"sessionPrefix"`
				} `json:"sessions"`
				Count int `json:"sessionCount"`
			} `json:"data"`
		}
		a.JSON(t, &got)
		if got.Data.Count != 2 || len(got.Data.Sessions) != 2 || strings.Contains(a.Body, "$argon2id$") || strings.Contains(a.Body, "$quick$") {
			t.Fatalf("got %s", a.Body)
		}
		for _, secret := range []string{customer.ID, second.ID} {
			if strings.Contains(a.Body, secret) {
				t.Error("it shows the id that a session is held by")
			}
		}
		for _, s := range got.Data.Sessions {
			for _, id := range []string{s.ID, s.Prefix, "ses_" + s.ID, "ses_" + s.ID + ".1", "rt_" + s.ID + ".1"} {
				if status := r.FlowlessMe(t, id); status != 401 {
					t.Errorf("%q opens the session: %d", id, status)
				}
			}
		}
	})
}
