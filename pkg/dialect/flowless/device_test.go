package flowless_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestADeviceStaysBoundWhateverBecomesOfItsSession: another password, a renewal or a server that
// asks must not be the way around it.
func TestADeviceStaysBoundWhateverBecomesOfItsSession(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		ada := s.FlowlessRegister(t, "ada@example.com", "engines weave numbers")
		r := answered(t, s, http.StatusOK, asking("login", object{"email": ada.Email, "password": ada.Password, "device_id": "phone"}))
		id := openedBy(t, r).SessionID
		r = answered(t, s, http.StatusOK, dialecttest.Request{
			Path: "/flowless/auth/change-password", ID: id, Body: body(object{"current_password": ada.Password, "new_password": "looms count threads"}),
		})
		id = openedBy(t, r).SessionID
		me := func(device map[string]string) dialecttest.Request {
			return dialecttest.Request{Path: "/flowless/auth/me", ID: id, Header: device}
		}
		ask := func(o object) dialecttest.Request {
			o["session_id"] = id
			return dialecttest.Request{Path: "/flowless/auth/bridge/validate", Bridge: dialecttest.BridgeSecret, Body: body(o)}
		}
		renew := dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/refresh?device_id=laptop", ID: id}
		s.Run(t, []dialecttest.Case{
			{Name: "after a password change, the same device", Request: me(map[string]string{"X-Device-ID": "phone"}), Status: 200},
			{Name: "another", Request: me(map[string]string{"X-Device-ID": "laptop"}), Status: 401, Code: "INVALID_TOKEN"},
			{Name: "two at once", Request: me(map[string]string{"X-Device-ID": "phone", "x-device-id": "laptop"}), Status: 400, Code: "CONFLICTING_CREDENTIALS"},
			{Name: "a bridge for the same device", Request: ask(object{"device_id": "phone"}), Status: 200},
			{Name: "a bridge for another", Request: ask(object{"deviceId": "laptop"}), Status: 401, Code: "INVALID_TOKEN"},
			{Name: "a renewal by another", Request: renew, Status: 401, Code: "INVALID_TOKEN"},
		})
	})
}
