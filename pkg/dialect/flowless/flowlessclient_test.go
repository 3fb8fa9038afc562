package flowless_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// client is an application that knows the dialect from its documents alone.
type client struct {
	t     *testing.T
	bases []string // where the instance is, asked in turn: its nodes
	host  string   // of the instance, if it has one of its own
	asked int
	style style
}

// style is how an application calls the dialect and reads its answers: each document has its own
// ways.
type style struct {
	name     string
	signUp   string // the path
	bridge   bool   // signing up needs the secret
	userName string // how it spells the member
	opened   func(c *client, raw []byte) (sessionID string, who citizen)
	refresh  string
	renewed  func(c *client, raw []byte) (sessionID string)
	me       func(c *client, raw []byte) citizen
	edit     string
	edited   func(c *client, raw []byte) citizen
	forgot   string
	reset    string
	password string // how a reset spells the new one
	upload   string
	uploaded func(c *client, raw []byte) (pictureURL string)
}

// citizen is what an application shows of somebody.
type citizen struct {
	ID, Email, Name, LastName, UserName, Phone, Picture string
	Verified                                            bool
}

// The answers, as the playground has them.
type (
	playgroundUser struct {
		ID         string    `json:"id"`
		Email      string    `json:"email"`
		Name       string    `json:"name"`
		LastName   string    `json:"last_name"`
		UserName   string    `json:"user_name"`
		Phone      *string   `json:"phone"`
		Picture    *string   `json:"picture"`
		IsVerified bool      `json:"is_verified"`
		TwoFactor  bool      `json:"two_factor"`
		CreatedAt  time.Time `json:"created_at"`
	}
	playgroundSession struct {
		Success   bool           `json:"success"`
		User      playgroundUser `json:"user"`
		SessionID string         `json:"sessionId"`
		ExpiresAt time.Time      `json:"expiresAt"`
	}
	playgroundSignUp struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
		Data    struct {
			User struct {
				ID                   string `json:"id"`
				Email                string `json:"email"`
				Name                 string `json:"name"`
				LastName             string `json:"lastName"`
				UserType             string `json:"userType"`
				IsVerified           bool   `json:"isVerified"`
				RequiresVerification bool   `json:"requiresVerification"`
			} `json:"user"`
			SessionID string `json:"sessionId"`
		} `json:"data"`
	}
	playgroundProfile struct {
		Success bool `json:"success"`
		Data    struct {
			User struct {
				playgroundUser
				LastName   string `json:"lastName"`
				UserName   string `json:"userName"`
				IsVerified bool   `json:"isVerified"`
			} `json:"user"`
		} `json:"data"`
	}
)

// The answers, as the other reference has them.
type (
	referenceUser struct {
		ID         string  `json:"id"`
		Email      string  `json:"email"`
		Name       string  `json:"name"`
		LastName   string  `json:"last_name"`
		Username   string  `json:"username"`
		Phone      *string `json:"phone"`
		Picture    *string `json:"picture"`
		IsVerified bool    `json:"is_verified"`
	}
	referenceSession struct {
		Success bool `json:"success"`
		Data    struct {
			User    referenceUser `json:"user"`
			Session struct {
				SessionID string    `json:"session_id"`
				ExpiresAt time.Time `json:"expires_at"`
			} `json:"session"`
		} `json:"data"`
	}
)

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (u playgroundUser) account() citizen {
	return citizen{u.ID, u.Email, u.Name, u.LastName, u.UserName, text(u.Phone), text(u.Picture), u.IsVerified}
}

func (u referenceUser) account() citizen {
	return citizen{u.ID, u.Email, u.Name, u.LastName, u.Username, text(u.Phone), text(u.Picture), u.IsVerified}
}

// decode reads an answer into what a document says it is, and insists on success.
func decode[T any](c *client, raw []byte) T {
	c.t.Helper()
	var v T
	var says struct{ Success bool }
	if err := json.Unmarshal(raw, &v); err != nil {
		c.t.Fatalf("%v in %s", err, raw)
	}
	if err := json.Unmarshal(raw, &says); err != nil || !says.Success {
		c.t.Fatalf("no success: %s", raw)
	}
	return v
}

// unwrapped is what the official client makes of an answer: its data, if it has any.
func unwrapped(c *client, raw []byte) []byte {
	c.t.Helper()
	var whole struct{ Data json.RawMessage }
	if err := json.Unmarshal(raw, &whole); err != nil {
		c.t.Fatalf("%v in %s", err, raw)
	}
	if whole.Data == nil {
		return raw
	}
	return whole.Data
}

// styles are the ways that the documents and the official client have.
func styles() []style {
	played := func(c *client, raw []byte) (string, citizen) {
		if v := decode[playgroundSession](c, raw); v.SessionID != "" {
			return v.SessionID, v.User.account()
		}
		v := decode[playgroundSignUp](c, raw).Data
		return v.SessionID, citizen{ID: v.User.ID, Email: v.User.Email, Name: v.User.Name, LastName: v.User.LastName, Verified: v.User.IsVerified}
	}
	referred := func(c *client, raw []byte) (string, citizen) {
		v := decode[referenceSession](c, raw)
		return v.Data.Session.SessionID, v.Data.User.account()
	}
	type renewal struct {
		ID string `json:"session_id"`
	}
	return []style{
		{
			name: "the playground", signUp: "/auth/register/public", bridge: true, userName: "userName", opened: played, refresh: "/auth/refresh",
			renewed: func(c *client, raw []byte) string { return decode[renewal](c, raw).ID },
			me: func(c *client, raw []byte) citizen {
				return decode[struct{ Data struct{ User playgroundUser } }](c, raw).Data.User.account()
			},
			edit: "/auth/profile",
			edited: func(c *client, raw []byte) citizen {
				u := decode[playgroundProfile](c, raw).Data.User
				return citizen{u.ID, u.Email, u.Name, u.LastName, u.UserName, text(u.Phone), text(u.Picture), u.IsVerified}
			},
			forgot: "/auth/password-reset/request", reset: "/auth/password-reset/complete", password: "password", upload: "/auth/upload/picture",
			uploaded: func(c *client, raw []byte) string {
				return decode[struct {
					Data struct {
						URL string `json:"picture_url"`
					}
				}](c, raw).Data.URL
			},
		},
		{
			name: "the reference", signUp: "/auth/register", userName: "username", opened: referred, refresh: "/auth/refresh",
			renewed: func(c *client, raw []byte) string { return decode[struct{ Data renewal }](c, raw).Data.ID },
			me: func(c *client, raw []byte) citizen {
				return decode[struct{ Data referenceUser }](c, raw).Data.account()
			},
			edit: "/auth/update",
			edited: func(c *client, raw []byte) citizen {
				return decode[struct{ User referenceUser }](c, raw).User.account()
			},
			forgot: "/auth/forgot-password", reset: "/auth/reset-password", password: "new_password", upload: "/auth/upload-picture",
			uploaded: func(c *client, raw []byte) string {
				return decode[struct {
					URL string `json:"picture_url"`
				}](c, raw).URL
			},
		},
		{
			name: "the official client", signUp: "/auth/register", userName: "username",
			opened: func(c *client, raw []byte) (string, citizen) {
				var v struct {
					renewal
					Session renewal        `json:"session"`
					User    playgroundUser `json:"user"`
				}
				if err := json.Unmarshal(unwrapped(c, raw), &v); err != nil || v.Session.ID == "" {
					c.t.Fatalf("%v in %s", err, raw)
				}
				return v.Session.ID, v.User.account()
			},
			refresh: "/auth/refresh-session",
			renewed: func(c *client, raw []byte) string {
				var v renewal
				_ = json.Unmarshal(unwrapped(c, raw), &v) // an empty id is no good
				return v.ID
			},
			me: func(c *client, raw []byte) citizen {
				var v playgroundUser
				if err := json.Unmarshal(unwrapped(c, raw), &v); err != nil {
					c.t.Fatalf("%v in %s", err, raw)
				}
				return v.account()
			},
			edit: "/auth/user/me",
			edited: func(c *client, raw []byte) citizen {
				return decode[struct{ Data playgroundUser }](c, raw).Data.account()
			},
			forgot: "/auth/password-reset/request", reset: "/auth/password-reset/reset", password: "new_password", upload: "/auth/upload/picture",
			uploaded: func(c *client, raw []byte) string {
				var v struct {
					URL string `json:"picture_url"`
				}
				_ = json.Unmarshal(unwrapped(c, raw), &v) // no URL is no good
				return v.URL
			},
		},
	}
}

// ask sends a request and returns the status and the body of its answer.
func (c *client) ask(method, path, sessionID string, body any) (int, []byte) {
	c.t.Helper()
	if body == nil {
		return c.send(method, path, sessionID, "", "")
	}
	raw, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(method, path, sessionID, "application/json", string(raw))
}

// must is ask for what has to succeed.
func (c *client) must(method, path, sessionID string, body any) []byte {
	c.t.Helper()
	status, raw := c.ask(method, path, sessionID, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s", method, path, status, raw)
	}
	return raw
}

func (c *client) send(method, path, sessionID, contentType, body string) (int, []byte) {
	c.t.Helper()
	base := c.bases[c.asked%len(c.bases)]
	c.asked++
	req, err := http.NewRequestWithContext(c.t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Host = c.host
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if sessionID != "" {
		req.Header.Set("X-Session-ID", sessionID)
	}
	if c.style.bridge && path == c.style.signUp {
		req.Header.Set("X-Bridge-Secret", dialecttest.BridgeSecret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, raw
}

// download gets what a URL of an answer leads to, on any node.
func (c *client) download(address string) (status int, contentType string, content []byte) {
	c.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		c.t.Fatal(err)
	}
	node, err := url.Parse(c.bases[c.asked%len(c.bases)])
	if err != nil {
		c.t.Fatal(err)
	}
	c.asked++
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+node.Host+u.RequestURI(), http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Host = u.Host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err = io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), content
}
