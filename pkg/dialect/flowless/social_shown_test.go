package flowless_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestWhoComesByAProviderIsShownAsTheyAreThere until they say otherwise.
func TestWhoComesByAProviderIsShownAsTheyAreThere(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		all := provided(s)
		const there = "https://example.com/avatar.jpg"
		shown := func(when, id string, name, picture any) {
			t.Helper()
			if u := self(t, s, id); u["name"] != name || u["picture"] != picture {
				t.Errorf("%s: %v with %v, want %v with %v", when, u["name"], u["picture"], name, picture)
			}
		}
		says := func(id string, change object) {
			t.Helper()
			answered(t, s, 200, dialecttest.Request{Method: http.MethodPut, Path: "/flowless/auth/profile", ID: id, Body: body(change)})
		}
		all["google"].is("g-1", ada)
		var in cameIn
		answered(t, s, 200, asking("social/google/login-api", object{"idToken": all["google"].token(s)})).JSON(t, &in)
		shown("a newcomer", in.SessionID, "John Doe", there)
		says(in.SessionID, object{"last_name": "Lovelace"})
		shown("who says one half of their name", in.SessionID, nil, there)
		says(in.SessionID, object{"name": "Ada"})
		shown("who says both", in.SessionID, "Ada", there)
		says(in.SessionID, object{"name": "", "last_name": "", "display_name": "The Countess"})
		shown("who says a display name", in.SessionID, "The Countess", there)

		bob := joined(t, s, "bob@example.com")
		says(bob.ID, object{"display_name": "Bob"})
		shown("who comes by no provider", bob.ID, nil, nil)
		all["acme"].is("a-1", "")
		answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/acme/link", ID: bob.ID, Body: body(object{"idToken": all["acme"].token(s)})})
		shown("who has linked one", bob.ID, "Bob", there)
		says(bob.ID, object{"display_name": ""})
		shown("who has linked one and says nothing", bob.ID, "John Doe", there)
		content, part := multipartPicture(t, "me.png", photo(t))
		answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/upload/picture", ID: bob.ID, Body: content, Type: part})
		if own := self(t, s, bob.ID)["picture"]; own == nil || own == there {
			t.Errorf("who has uploaded a picture is shown with %v", own)
		}
		answered(t, s, 200, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/social/accounts/acme", ID: bob.ID})
		answered(t, s, 200, dialecttest.Request{Method: http.MethodDelete, Path: "/flowless/auth/upload/picture", ID: bob.ID})
		shown("who has unlinked it", bob.ID, nil, nil)
	})
}
