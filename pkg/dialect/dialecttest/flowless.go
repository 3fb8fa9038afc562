package dialecttest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// BridgeSecret is what a Flowless backend authenticates with, and OldBridgeSecret what it did
// before; every service knows both.
const (
	BridgeSecret    = "a-bridge-for-the-scenarios-0123456789"
	OldBridgeSecret = "the-bridge-before-that-one-0123456789"
)

// FlowlessHost is the host name that scenarios give the Flowless dialect when it gets one.
const FlowlessHost = "flowless.test"

// Flowless is somebody who has signed in through the Flowless dialect.
type Flowless struct {
	ID       string // of the session
	UserID   string
	Email    string
	Password string
}

// NewFlowless makes an account of a type and signs it in through the Flowless dialect.
func (s *Server) NewFlowless(t testing.TB, email, userType string) Flowless {
	t.Helper()
	password := "pw-" + opaque.Random(12)
	_, err := s.App.Accounts.Create(t.Context(), Operator, account.Draft{Email: email, Password: password}, account.Setting{UserType: &userType})
	if err != nil {
		t.Fatal(err)
	}
	return s.FlowlessLogin(t, email, password)
}

// FlowlessLogin signs in by e-mail address through the Flowless dialect.
func (s *Server) FlowlessLogin(t testing.TB, email, password string) Flowless {
	t.Helper()
	r := s.Do(t, Request{Path: "/flowless/auth/login", Body: JSON(map[string]string{"email": email, "password": password})})
	var a struct {
		SessionID string `json:"sessionId"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	r.JSON(t, &a)
	if r.Status != http.StatusOK || a.SessionID == "" {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return Flowless{ID: a.SessionID, UserID: a.User.ID, Email: email, Password: password}
}

// FlowlessRegister signs up through the Flowless dialect, where that starts a session.
func (s *Server) FlowlessRegister(t testing.TB, email, password string) Flowless {
	t.Helper()
	r := s.Do(t, Request{Path: "/flowless/auth/register", Body: JSON(map[string]string{"email": email, "password": password, "name": "Ada"})})
	var a struct {
		Data struct {
			ID      string `json:"id"`
			Session struct {
				ID string `json:"session_id"`
			} `json:"session"`
		} `json:"data"`
	}
	r.JSON(t, &a)
	if r.Status/100 != 2 || a.Data.Session.ID == "" {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return Flowless{ID: a.Data.Session.ID, UserID: a.Data.ID, Email: email, Password: password}
}

// FlowlessMe returns the status of GET /auth/me with a session id: 200 while the session lives.
func (s *Server) FlowlessMe(t testing.TB, id string) int {
	t.Helper()
	return s.Do(t, Request{Path: "/flowless/auth/me", ID: id}).Status
}

// flowless reports whether it is the Flowless dialect that answers a request.
func (q Request) flowless() bool {
	return q.Host == FlowlessHost || strings.HasPrefix(q.Path, "/flowless/")
}

var upperSnake = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

// tooMany is the body of every 429 of the dialect.
const tooMany = `{"success":false,"error":"rate_limit_exceeded","message":"Too many requests. Please try again later.","remaining":0}`

// FlowlessError checks that an answer is an error as the Flowless dialect has it, and returns its
// text.
func (r Response) FlowlessError(t testing.TB) string {
	t.Helper()
	if got := r.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("a %d of type %q", r.Status, got)
	}
	if r.Status == http.StatusTooManyRequests {
		if strings.TrimSpace(r.Body) != tooMany {
			t.Errorf("got %s, want %s", r.Body, tooMany)
		}
		return "rate_limit_exceeded"
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
		t.Errorf("%v in %d %s", err, r.Status, r.Body)
	}
	text, _ := e["error"].(string)
	code, _ := e["code"].(string)
	if e["success"] != false || text == "" || e["message"] != text || !upperSnake.MatchString(code) {
		t.Errorf("not an error of the dialect: %d %s", r.Status, r.Body)
	}
	return text
}
