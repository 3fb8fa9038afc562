package httpkit_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

func TestWhereASessionIDIsReadFrom(t *testing.T) {
	const evil = "https://evil.example"
	for _, c := range []struct {
		name, method, target string
		header               map[string][]string
		want                 httpkit.PresentedID
		refused              bool
	}{
		{name: "nothing is no id", target: "/"},
		{name: "the header", target: "/", header: map[string][]string{"X-Session-Id": {"ses_h"}}, want: httpkit.PresentedID{Value: "ses_h"}},
		{
			name: "the header before the query and the cookie", target: "/?session_id=ses_q",
			header: map[string][]string{"X-Session-Id": {"ses_h"}, "Cookie": {"session_id=ses_c"}}, want: httpkit.PresentedID{Value: "ses_h"},
		},
		{name: "a header that comes twice", target: "/", header: map[string][]string{"X-Session-Id": {"ses_h", "ses_i"}}, refused: true},
		{name: "an empty header is none", target: "/?session_id=ses_q", header: map[string][]string{"X-Session-Id": {""}}, want: httpkit.PresentedID{Value: "ses_q"}},
		{name: "the query in one spelling", target: "/?session_id=ses_q", want: httpkit.PresentedID{Value: "ses_q"}},
		{name: "the query in the other spelling", target: "/?sessionId=ses_q", want: httpkit.PresentedID{Value: "ses_q"}},
		{name: "the query in both spellings", target: "/?sessionId=ses_q&session_id=ses_q", want: httpkit.PresentedID{Value: "ses_q"}},
		{name: "two ids in the query", target: "/?sessionId=ses_q&session_id=ses_r", refused: true},
		{
			name: "the query before the cookie", target: "/?sessionId=ses_q",
			header: map[string][]string{"Cookie": {"session_id=ses_c"}}, want: httpkit.PresentedID{Value: "ses_q"},
		},
		{name: "the cookie", target: "/", header: map[string][]string{"Cookie": {"session_id=ses_c"}}, want: httpkit.PresentedID{Value: "ses_c", ByCookie: true}},
		{name: "two cookies, of which one is not ours", target: "/", header: map[string][]string{"Cookie": {"session_id=ses_c; session_id=ses_d"}}},
		{
			name: "a write by cookie that another site has a browser send", method: http.MethodPost, target: "/",
			header: map[string][]string{"Cookie": {"session_id=ses_c"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {evil}}, refused: true,
		},
		{
			name: "a write by cookie from a sister site", method: http.MethodPost, target: "/",
			header: map[string][]string{"Cookie": {"session_id=ses_c"}, "Sec-Fetch-Site": {"same-site"}}, refused: true,
		},
		{
			name: "a write by cookie from an old browser on another site", method: http.MethodPut, target: "/",
			header: map[string][]string{"Cookie": {"session_id=ses_c"}, "Origin": {evil}}, refused: true,
		},
		{
			name: "a write by cookie from a page of ours", method: http.MethodPost, target: "/",
			header: map[string][]string{"Cookie": {"session_id=ses_c"}, "Sec-Fetch-Site": {"same-origin"}}, want: httpkit.PresentedID{Value: "ses_c", ByCookie: true},
		},
		{
			name: "a write by header from another site is its script's own", method: http.MethodPost, target: "/",
			header: map[string][]string{"X-Session-Id": {"ses_h"}, "Sec-Fetch-Site": {"cross-site"}}, want: httpkit.PresentedID{Value: "ses_h"},
		},
		{
			name: "a read by cookie from another site shows it nothing", target: "/",
			header: map[string][]string{"Cookie": {"session_id=ses_c"}, "Sec-Fetch-Site": {"cross-site"}}, want: httpkit.PresentedID{Value: "ses_c", ByCookie: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.target, http.NoBody)
			for name, values := range c.header {
				r.Header[name] = values
			}
			got, err := httpkit.SessionID(r)
			if (err != nil) != c.refused || got != c.want {
				t.Errorf("got %+v and error %v, want %+v, refused: %v", got, err, c.want, c.refused)
			}
		})
	}
}
