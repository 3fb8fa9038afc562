package flowless_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

func playgroundServers() []exchange {
	return []exchange{
		{name: "bridge validate, JSON", pass: "SecurePass123!", answer: playgroundBridge, then: ofThisSession, ask: `POST /auth/bridge/validate
X-Bridge-Secret: your_bridge_secret
Content-Type: application/json

{
  "sessionId": "ses_xyz789"
}`},
		{name: "bridge validate, query", pass: "SecurePass123!", answer: playgroundBridge, then: ofThisSession, ask: `POST /auth/bridge/validate?sessionId=ses_xyz789
X-Bridge-Secret: your_bridge_secret
Content-Type: application/json`},
		{name: "bridge validate, header", pass: "SecurePass123!", answer: playgroundBridge, then: ofThisSession, ask: `POST /auth/bridge/validate
X-Bridge-Secret: your_bridge_secret
Content-Type: application/json
X-Session-ID: ses_xyz789`},
	}
}

const playgroundBridge = `{
  "success": true,
  "user": {
    "id": "usr_abc123",
    "email": "user@example.com",
    "name": "John",
    "last_name": "Doe",
    "user_name": "johndoe",
    "user_type": "customer",
    "picture": null,
    "phone": null,
    "is_verified": true,
    "two_factor": false
  },
  "session": {
    "id": "ses_xyz789",
    "userId": "usr_abc123",
    "expiresAt": "2025-12-14T10:00:00Z",
    "ipAddress": "192.168.1.1",
    "userAgent": "Mozilla/5.0...",
    "lastUsedAt": "2025-12-07T11:00:00Z"
  },
  "expires_at": "2025-12-14T10:00:00Z",
  "timestamp": "2025-12-07T11:00:00Z"
}`

// ofThisSession checks what the readers of bridge/validate need besides.
func ofThisSession(t *testing.T, w *world, r dialecttest.Response) {
	v := tree(t, r.Body)
	if member(v, "session.id") != w.john.ID || member(v, "session.user_id") != w.john.UserID {
		t.Errorf("it is another session: %s", r.Body)
	}
	for snake, camel := range map[string]string{"user_id": "userId", "expires_at": "expiresAt"} {
		if member(v, "session."+snake) != member(v, "session."+camel) {
			t.Errorf("%s is %v and %s is %v", snake, member(v, "session."+snake), camel, member(v, "session."+camel))
		}
	}
	for _, name := range []string{"ip_address", "user_agent", "last_used_at"} {
		if text, _ := member(v, "session."+name).(string); text == "" {
			t.Errorf("no %s: %s", name, r.Body)
		}
	}
}
