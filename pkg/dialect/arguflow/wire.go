package arguflow

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// slimUser is a user as the dialect shows one.
type slimUser struct {
	ID           string  `json:"id"` // a UUID that stands for the user's id here, and stays the same for ever
	Email        string  `json:"email"`
	Username     *string `json:"username"`
	Website      *string `json:"website"`
	VisibleEmail bool    `json:"visible_email"` // true while there is no username
}

// space is where the UUIDs of users are: clients keep them, so that it never changes.
const space = "gatehouse arguflow user"

func slim(u identity.User) (httpkit.Reply, error) {
	return httpkit.Reply{Status: http.StatusOK, Body: slimUser{
		ID: opaque.UUIDOf(space, u.ID), Email: u.Email, Username: text(u.Username), Website: text(u.Profile.Website), VisibleEmail: u.ShowsEmail(),
	}}, nil
}

// text is null when it is empty.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func none(header http.Header, err error) (httpkit.Reply, error) {
	return httpkit.Reply{Status: http.StatusNoContent, Header: header}, err
}
