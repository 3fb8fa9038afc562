package flowless_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

func TestAnAppBringsAnInvitationInEitherSpelling(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open, "GATEHOUSE_REGISTRATION=invite", "GATEHOUSE_LIMIT_REGISTER=100/1h")
		google := provided(s)["google"]
		issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{Count: 2, UserType: identity.Admin})
		if err != nil {
			t.Fatal(err)
		}
		enter := func(status int, subject string, more object) dialecttest.Response {
			google.is(subject, subject+"@example.com")
			o := object{"idToken": google.token(s)}
			for name, value := range more {
				o[name] = value
			}
			return answered(t, s, status, asking("social/google/login-api", o))
		}
		for i, spelling := range []string{"invitationCode", "invitation_code"} {
			code := issued[i].Code
			if r := enter(403, spelling, nil); !strings.Contains(r.Body, "INVITATION_REQUIRED") {
				t.Error(r.Body)
			}
			if r := enter(400, spelling, object{spelling: "iv_x"}); !strings.Contains(r.Body, "INVITATION_INVALID") {
				t.Error(r.Body)
			}
			var in, again cameIn
			enter(200, spelling, object{spelling: code}).JSON(t, &in)
			enter(200, spelling, object{spelling: code}).JSON(t, &again)
			if u, err := s.App.Store.User(t.Context(), in.User.ID); err != nil || u.UserType != identity.Admin || u.InvitationID != issued[i].ID || again.User.ID != u.ID {
				t.Errorf("made %+v (%v), and then %v", u, err, again.User)
			}
			if r := enter(409, "another", object{spelling: code}); !strings.Contains(r.Body, "INVITATION_USED_UP") {
				t.Error(r.Body)
			}
			unlogged(t, s, code)
		}
		if r := enter(400, "two", object{"invitationCode": "iv_x", "invitation_code": "iv_y"}); !strings.Contains(r.Body, "INVALID_INPUT") {
			t.Error(r.Body)
		}
	})
}
