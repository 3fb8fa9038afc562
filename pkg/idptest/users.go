package idptest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Tokens is what signing in gives: an AuthorizationResponse, see docs/api/native.md.
type Tokens struct {
	Email        string `json:"email"`
	ExpiresIn    int64  `json:"expiresIn"` // seconds
	AccessToken  string `json:"accessToken"`
	LocalID      string `json:"localId"` // sub of the access token
	RefreshToken string `json:"refreshToken"`
	Password     string `json:"-"`
}

// User signs a customer in. The account is made, with a verified address, if there is none.
func (s *Server) User(t testing.TB, email string) Tokens {
	t.Helper()
	return s.UserOfType(t, email, identity.Customer)
}

// UserOfType is User for an account that is made with another user type: customer, admin or
// superadmin.
func (s *Server) UserOfType(t testing.TB, email, userType string) Tokens {
	t.Helper()
	yes := true
	_, err := s.app.Accounts.Create(t.Context(), operator, account.Draft{Email: email, Password: s.password},
		account.Setting{UserType: &userType, Verified: &yes})
	if err != nil && !errors.Is(err, account.ErrEmailExists) {
		t.Fatal(err)
	}
	var out Tokens
	s.post(t, "/auth/login", "X-Api-Key", s.Publishable, map[string]string{"email": email, "password": s.password}, &out)
	out.Password = s.password
	return out
}

// Refresh renews a session and returns its new tokens.
func (s *Server) Refresh(t testing.TB, from Tokens) Tokens {
	t.Helper()
	out := Tokens{Password: from.Password}
	s.post(t, "/auth/refreshToken", "X-Api-Key", s.Publishable, map[string]string{"refreshToken": from.RefreshToken}, &out)
	return out
}

// SignOut ends the session of these tokens. The access token must not have expired.
func (s *Server) SignOut(t testing.TB, of Tokens) {
	t.Helper()
	s.post(t, "/auth/logout", "Authorization", "Bearer "+of.AccessToken, map[string]string{}, nil)
}

// post sends JSON with a credential and reads the answer into out, unless out is nil.
func (s *Server) post(t testing.TB, path, header, credential string, body, out any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, credential)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatalf("%s: %v in %s", path, err, raw)
		}
	}
}

// cheap stands in for the password hasher, which takes time and memory on purpose.
type cheap struct{}

// Hash implements account.Passwords.
func (cheap) Hash(_ context.Context, password string) (string, error) {
	sum := sha256.Sum256([]byte(password))
	return "$cheap$" + hex.EncodeToString(sum[:]), nil
}

// Verify implements account.Passwords.
func (c cheap) Verify(ctx context.Context, phc, password string) (ok, rehash bool, err error) {
	want, err := c.Hash(ctx, password)
	return phc == want, false, err
}

// VerifyNobody implements account.Passwords.
func (cheap) VerifyNobody(context.Context, string) error { return nil }
