package flowless_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const (
	bridgeValidate = "/flowless/auth/bridge/validate"
	bodyValidate   = "/flowless/auth/validate"
)

// object is a JSON object of a request.
type object = map[string]any

func body(o object) string { return dialecttest.JSON(o) }

// vouched is what a bridge learns, in both spellings.
type vouched struct {
	Success bool   `json:"success"`
	Valid   bool   `json:"valid"`
	Trust   string `json:"trust_token"`
	User    struct {
		ID       string `json:"id"`
		Email    string `json:"email"`
		UserType string `json:"user_type"`
	} `json:"user"`
	Session struct {
		ID         string    `json:"id"`
		UserID     string    `json:"user_id"`
		UserIDToo  string    `json:"userId"`
		Expires    time.Time `json:"expires_at"`
		ExpiresToo time.Time `json:"expiresAt"`
		LastUsed   time.Time `json:"last_used_at"`
		IP         string    `json:"ip_address"`
		UserAgent  string    `json:"user_agent"`
	} `json:"session"`
}

func TestABridgeShowsTheIDInAnyOfThreePlaces(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		ada := s.NewFlowless(t, "ada@example.com", identity.Admin)
		secret := dialecttest.BridgeSecret
		for _, c := range []struct {
			name string
			dialecttest.Request
		}{
			{"in JSON", dialecttest.Request{Path: bridgeValidate, Bridge: secret, Body: body(object{"sessionId": ada.ID})}},
			{"in JSON, spelled otherwise", dialecttest.Request{Path: bridgeValidate, Bridge: secret, Body: body(object{"session_id": ada.ID})}},
			{"in the query", dialecttest.Request{Method: http.MethodPost, Path: bridgeValidate + "?sessionId=" + ada.ID, Bridge: secret}},
			{"in the query, spelled otherwise", dialecttest.Request{Method: http.MethodPost, Path: bridgeValidate + "?session_id=" + ada.ID, Bridge: secret}},
			{"in the header", dialecttest.Request{Method: http.MethodPost, Path: bridgeValidate, ID: ada.ID, Bridge: secret}},
			{"in JSON beside the secret", dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": secret})}},
			{"with the secret that is going", dialecttest.Request{Path: bridgeValidate, Bridge: dialecttest.OldBridgeSecret, Body: body(object{"sessionId": ada.ID})}},
			{"with the secret that is going beside it", dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": dialecttest.OldBridgeSecret})}},
		} {
			t.Run(c.name, func(t *testing.T) {
				r := s.Do(t, c.Request)
				if r.Status != http.StatusOK {
					t.Fatalf("got %d %s", r.Status, r.Body)
				}
				var v vouched
				r.JSON(t, &v)
				if !v.Success || v.User.ID != ada.UserID || v.User.Email != ada.Email || v.User.UserType != identity.Admin {
					t.Errorf("whose it is: %s", r.Body)
				}
				if v.Session.UserID != ada.UserID || v.Session.UserIDToo != ada.UserID || v.Session.ID != ada.ID ||
					!v.Session.Expires.Equal(s.Clock.Now().Add(7*24*time.Hour)) || !v.Session.ExpiresToo.Equal(v.Session.Expires) ||
					v.Session.IP != "127.0.0.1" || v.Session.UserAgent == "" || v.Session.LastUsed.IsZero() {
					t.Errorf("the session: %s", r.Body)
				}
				if v.Trust == "" || v.Valid != (c.Path == bodyValidate) {
					t.Errorf("what it comes to: %s", r.Body)
				}
			})
		}
	})
}

func TestAnAttackerCannotAskWithoutASecretInItsPlace(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_BRIDGE_SECRETS=" + dialecttest.BridgeSecret}})
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	secret, shown := dialecttest.BridgeSecret, object{"sessionId": ada.ID}
	beside := func(o object) object {
		o["sessionId"] = ada.ID
		return o
	}
	for _, c := range []struct {
		name   string
		header map[string]string
		query  string
		body   object
		want   int
	}{
		{name: "the secret in its header", header: map[string]string{"X-Bridge-Secret": secret}, body: shown, want: http.StatusOK},
		{name: "no secret", body: shown},
		{name: "a wrong one", header: map[string]string{"X-Bridge-Secret": secret[:len(secret)-1] + "x"}, body: shown},
		{name: "one that was retired", header: map[string]string{"X-Bridge-Secret": dialecttest.OldBridgeSecret}, body: shown},
		{name: "an empty one", header: map[string]string{"X-Bridge-Secret": ""}, body: shown},
		{name: "two joined by a comma", header: map[string]string{"X-Bridge-Secret": secret + "," + dialecttest.OldBridgeSecret}, body: shown},
		{name: "the secret twice", header: map[string]string{"X-Bridge-Secret": secret + ", " + secret}, body: shown},
		{name: "another case", header: map[string]string{"X-Bridge-Secret": strings.ToUpper(secret)}, body: shown},
		{name: "the secret in the body", body: beside(object{"bridge_secret": secret})},
		{name: "the secret in the body, as the header is called", body: beside(object{"X-Bridge-Secret": secret})},
		{name: "the secret in the query", query: "?bridge_secret=" + secret, body: shown},
		{name: "the secret in the query, as the header is called", query: "?X-Bridge-Secret=" + secret, body: shown},
		{name: "the secret as a bearer token", header: map[string]string{"Authorization": "Bearer " + secret}, body: shown},
		{name: "the secret in a cookie", header: map[string]string{"Cookie": "bridge_secret=" + secret}, body: shown},
		{name: "a secret API key", header: map[string]string{"x-api-key": s.Secret}, body: shown},
		{name: "the session itself", header: map[string]string{"X-Session-ID": ada.ID}, body: shown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == 0 {
				c.want = http.StatusUnauthorized
			}
			r := s.Do(t, dialecttest.Request{Path: bridgeValidate + c.query, Body: body(c.body), Header: c.header})
			if r.Status != c.want {
				t.Errorf("got %d %s, want %d", r.Status, r.Body, c.want)
			}
			if r.Status != http.StatusOK {
				r.FlowlessError(t)
				if strings.Contains(r.Body, ada.UserID) {
					t.Errorf("it tells whose it is: %s", r.Body)
				}
			}
		})
	}
}

func TestAnAttackerCannotValidateWithAWrongSecretInTheBody(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_BRIDGE_SECRETS=" + dialecttest.BridgeSecret}})
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	secret := dialecttest.BridgeSecret
	s.Run(t, []dialecttest.Case{
		{Name: "the secret", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": secret})}, Status: 200},
		{Name: "none", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID})}, Status: 401},
		{Name: "an empty one", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": ""})}, Status: 401},
		{Name: "a retired one", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": dialecttest.OldBridgeSecret})}, Status: 401},
		{Name: "two", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": secret + "," + secret})}, Status: 401},
		{Name: "several in a list", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": []string{secret}})}, Status: 400},
		{Name: "a query for the store", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": object{"$ne": ""}})}, Status: 400},
		{Name: "the secret in the query", Request: dialecttest.Request{Path: bodyValidate + "?bridge_secret=" + secret, Body: body(object{"session_id": ada.ID})}, Status: 401},
		{Name: "a wrong id", Request: dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID + "x", "bridge_secret": secret})}, Status: 401, Has: []string{`"Invalid session"`}},
	})
}

func TestAnAttackerCannotTryOutSecretsOrIDs(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{Env: []string{"GATEHOUSE_LIMIT_CODE=10/15m"}})
		ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
		ask := func(secret, id string) dialecttest.Response {
			return s.Do(t, dialecttest.Request{Path: bridgeValidate, Bridge: secret, Body: body(object{"sessionId": id})})
		}
		good := func(when string) {
			t.Helper()
			if r := ask(dialecttest.BridgeSecret, ada.ID); r.Status != http.StatusOK {
				t.Errorf("the right secret and id, %s: %d %s", when, r.Status, r.Body)
			}
		}
		statuses := map[int]int{}
		for i := range 30 {
			r := s.Do(t, dialecttest.Request{
				Path: bridgeValidate, Bridge: fmt.Sprintf("a-guess-%032d", i), Body: body(object{"sessionId": ada.ID}),
				Header: map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i), "X-Client-IP": fmt.Sprintf("203.0.113.%d", i)},
			})
			r.FlowlessError(t)
			statuses[r.Status]++
		}
		if statuses[401] != 10 || statuses[429] != 20 {
			t.Errorf("30 wrong secrets were answered %v", statuses)
		}
		if r := s.Do(t, dialecttest.Request{Path: bodyValidate, Body: body(object{"session_id": ada.ID, "bridge_secret": "x"})}); r.Status != 429 {
			t.Errorf("one more in a body: %d", r.Status)
		}
		good("after wrong secrets")
		clear(statuses)
		for i := range 1000 {
			id := "ses_" + opaque.Random(identity.SessionIDLength) + ".1." + opaque.Random(43)
			if i%2 == 1 { // a session that exists, as another user's would
				id = ada.ID[:len(ada.ID)-43] + opaque.Random(43)
			}
			r := s.Do(t, dialecttest.Request{
				Path: bridgeValidate, Bridge: dialecttest.BridgeSecret, Body: body(object{"sessionId": id}),
				Header: map[string]string{"X-Client-IP": fmt.Sprintf("203.0.113.%d", i%250)},
			})
			statuses[r.Status]++
		}
		if statuses[401] != 100 || statuses[429] != 900 {
			t.Errorf("1000 made-up ids were answered %v", statuses)
		}
		good("after made-up ids")
	})
}

func TestABridgeRegistersAndHasMailsSentAgain(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true"}})
	register := body(object{"email": "ada@example.com", "password": "a long enough one", "name": "Ada"})
	again := body(object{"email": "ada@example.com"})
	for _, secret := range []string{"", "wrong", dialecttest.BridgeSecret + "," + dialecttest.OldBridgeSecret} {
		for path, what := range map[string]string{"/flowless/auth/register/public": register, "/flowless/auth/resend-verification": again} {
			if r := s.Do(t, dialecttest.Request{Path: path, Body: what, Bridge: secret}); r.Status != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d %s", path, secret, r.Status, r.Body)
			}
		}
	}
	s.Settle(t)
	if n := len(s.Letters.All()); n != 0 {
		t.Fatalf("%d mails without a secret", n)
	}
	r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/register/public", Body: register, Bridge: dialecttest.BridgeSecret})
	if r.Status != http.StatusOK || !strings.Contains(r.Body, `"requiresVerification":true`) {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
	s.Settle(t)
	first := len(s.Letters.All())
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/resend-verification", Body: body(object{"email": email}), Bridge: dialecttest.BridgeSecret})
		if r.Status != http.StatusOK || !strings.Contains(r.Body, `"verification_sent":true`) {
			t.Errorf("%s: got %d %s", email, r.Status, r.Body)
		}
	}
	s.Settle(t)
	if n := len(s.Letters.All()); first != 1 || n != 2 {
		t.Errorf("%d mails after registering, %d after asking again, want 1 and 2", first, n)
	}
}

func TestABridgeMayNameItsCallersDevice(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/login", Body: body(object{"email": ada.Email, "password": ada.Password, "device_id": "phone-1"})})
	var got struct {
		ID string `json:"sessionId"`
	}
	r.JSON(t, &got)
	for name, want := range map[string]int{"": 200, "phone-1": 200, "phone-2": 401} {
		q := dialecttest.Request{Path: bridgeValidate, Bridge: dialecttest.BridgeSecret, Body: body(object{"sessionId": got.ID}), Header: map[string]string{}}
		if name != "" {
			q.Header["X-Device-Id"] = name
		}
		if r := s.Do(t, q); r.Status != want {
			t.Errorf("device %q: got %d %s, want %d", name, r.Status, r.Body, want)
		}
	}
}
