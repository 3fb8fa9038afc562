package native

import (
	"encoding/json"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// authorizationResponse has exactly the five members that the reference fixes.
type authorizationResponse struct {
	Email        string `json:"email"`
	ExpiresIn    int64  `json:"expiresIn"` // seconds
	AccessToken  string `json:"accessToken"`
	LocalID      string `json:"localId"`
	RefreshToken string `json:"refreshToken"`
}

func authorization(g session.Grant) authorizationResponse {
	return authorizationResponse{
		Email: g.User.Email, ExpiresIn: int64(g.ExpiresIn / time.Second), AccessToken: g.AccessToken,
		LocalID: g.User.ID, RefreshToken: g.RefreshToken,
	}
}

type messageResponse struct {
	Message string `json:"message"`
}

type userResponse struct {
	LocalID       string          `json:"localId"`
	Email         string          `json:"email"`
	EmailVerified bool            `json:"emailVerified"`
	UserType      string          `json:"userType"`
	Name          string          `json:"name"`
	LastName      string          `json:"lastName"`
	DisplayName   string          `json:"displayName"`
	Phone         string          `json:"phone"`
	BirthDate     string          `json:"birthDate"`
	Gender        string          `json:"gender"`
	TimeZone      string          `json:"timeZone"`
	Bio           string          `json:"bio"`
	ReferenceID   string          `json:"referenceId"`
	Claims        json.RawMessage `json:"claims,omitempty"`
	CreatedAt     time.Time       `json:"createdAt"`
	UpdatedAt     time.Time       `json:"updatedAt"`
}

func user(u identity.User) userResponse {
	p := u.Profile
	return userResponse{
		LocalID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, UserType: u.UserType,
		Name: p.Name, LastName: p.LastName, DisplayName: p.DisplayName, Phone: p.Phone, BirthDate: p.BirthDate,
		Gender: p.Gender, TimeZone: p.TimeZone, Bio: p.Bio, ReferenceID: p.ReferenceID, Claims: u.Claims,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

type sessionResponse struct {
	Handle     string    `json:"handle"`
	Device     string    `json:"device"`
	Address    string    `json:"address"`
	App        string    `json:"app"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
	Current    bool      `json:"current"`
}

type sessionsResponse struct {
	Sessions []sessionResponse `json:"sessions"`
}

func sessions(all []identity.Session, current string) sessionsResponse {
	out := sessionsResponse{Sessions: make([]sessionResponse, 0, len(all))}
	for _, s := range all {
		out.Sessions = append(out.Sessions, sessionResponse{
			Handle: s.ID, Device: s.Client.UserAgent, Address: s.Client.IP, App: s.App, CreatedAt: s.CreatedAt,
			LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt(), Current: s.ID == current,
		})
	}
	return out
}
