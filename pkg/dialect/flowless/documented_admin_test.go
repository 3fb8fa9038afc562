package flowless_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

const (
	noCredential = "an admin sees a handle, never what holds the session"
	noPhoneYet   = "John has none here"
)

func playgroundAdmin() []exchange {
	return []exchange{
		{
			name: "users", pass: "SecurePass123!",
			ask: `GET /auth/users?q=johndoe&userType=customer&page=1&limit=10
X-Session-ID: ses_admin_xyz`,
			answer: `{
  "success": true,
  "data": {
    "users": [
      {
        "id": "usr_abc123",
        "email": "user@example.com",
        "name": "John",
        "lastName": "Doe",
        "userName": "johndoe",
        "userType": "customer",
        "isVerified": true,
        "createdAt": "2025-12-07T10:00:00Z"
      }
    ],
    "pagination": {
      "page": 1,
      "limit": 10,
      "total": 1,
      "pages": 1
    }
  }
}`,
			then: func(t *testing.T, _ *world, r dialecttest.Response) {
				page := member(tree(t, r.Body), "data.pagination")
				for name, want := range map[string]float64{"page": 1, "limit": 10, "total": 1, "pages": 1} {
					if member(page, name) != want {
						t.Errorf("%s is %v, want %v", name, member(page, name), want)
					}
				}
			},
		},
		{
			name: "one user", pass: "SecurePass123!",
			ask: `GET /auth/admin/users/usr_abc123
X-Session-ID: ses_admin_xyz`,
			answer: `{
  "success": true,
  "data": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "John",
    "last_name": "Doe",
    "user_type": "customer",
    "picture": null,
    "user_name": "johndoe",
    "phone": "+1234567890",
    "is_verified": true,
    "two_factor": false,
    "created_at": "2025-12-07T10:00:00Z",
    "updated_at": "2025-12-07T11:00:00Z",
    "sessions": [
      {
        "id": "ses_xyz789",
        "sessionPrefix": "ses_xyz",
        "ipAddress": "192.168.1.1",
        "userAgent": "Mozilla/5.0...",
        "userDevice": "desktop",
        "lastUsedAt": "2025-12-07T11:00:00Z",
        "createdAt": "2025-12-07T10:00:00Z",
        "expiresAt": "2025-12-14T10:00:00Z",
        "status": "active"
      }
    ],
    "sessionCount": 1
  }
}`,
			differs: []decision{
				{"data.phone", "null", noPhoneYet}, {"data.sessions.0.id", `"` + anyString + `"`, noCredential}, {"data.sessions.0.sessionPrefix", `"` + anyString + `"`, noCredential},
			},
			then: handlesOnly,
		},
		{
			name: "a user is changed by an admin", pass: "SecurePass123!",
			ask: `PUT /auth/admin/users/usr_abc123
X-Session-ID: ses_admin_xyz
Content-Type: application/json

{
  "name": "John",
  "last_name": "Doe",
  "user_name": "johndoe",
  "email": "newemail@example.com",
  "phone": "+1234567890",
  "is_verified": true,
  "two_factor": false,
  "user_type": "customer",
  "dob": "1990-01-01",
  "gender": "male",
  "reference_id": "ref_123",
  "recovery_email": "recovery@example.com",
  "tmz": "America/New_York"
}`,
			answer: `{
  "success": true,
  "data": {
    "id": "usr_abc123",
    "email": "newemail@example.com",
    "name": "John",
    "last_name": "Doe",
    "user_type": "customer",
    "user_name": "johndoe",
    "picture": null,
    "phone": "+1234567890",
    "is_verified": true,
    "two_factor": false,
    "dob": "1990-01-01",
    "gender": "male",
    "reference_id": "ref_123",
    "recovery_email": "recovery@example.com",
    "tmz": "America/New_York",
    "created_at": "2025-12-07T10:00:00Z",
    "updated_at": "2025-12-07T12:00:00Z"
  }
}`,
		},
	}
}

// handlesOnly checks that an admin cannot become the user they look at.
func handlesOnly(t *testing.T, w *world, r dialecttest.Response) {
	var a struct {
		Data struct {
			Sessions []struct{ ID, SessionPrefix, Status string }
			Count    int `json:"sessionCount"`
		}
	}
	r.JSON(t, &a)
	if strings.Contains(r.Body, w.john.ID) || strings.Contains(r.Body, strings.TrimPrefix(w.john.ID, "ses_")) {
		t.Errorf("the credential is in %s", r.Body)
	}
	if len(a.Data.Sessions) != 1 || a.Data.Count != 1 || a.Data.Sessions[0].Status != "active" {
		t.Fatalf("got %s", r.Body)
	}
	for _, s := range a.Data.Sessions {
		for _, shown := range []string{s.ID, "ses_" + s.ID, s.SessionPrefix, s.SessionPrefix + s.ID} {
			if got := w.FlowlessMe(t, shown); got != 401 {
				t.Errorf("what is shown, %q, is answered %d", shown, got)
			}
		}
	}
}
