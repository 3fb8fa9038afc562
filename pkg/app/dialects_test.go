package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// The shapes in which something is not there, by who says so.
const (
	arguflowShape = `"Record not found"` + "\n"
	flowlessShape = `"code":"NOT_FOUND"`
	nativeShape   = `"code":"not_found"`
)

// arguflowAt is where a scenario has the dialect: a host, empty for the main one, and a path.
type arguflowAt struct{ host, base string }

func (at arguflowAt) request(method, path, body string) dialecttest.Request {
	return dialecttest.Request{Method: method, Path: at.base + path, Host: at.host, Body: body}
}

func TestTheArguflowDialectIsWhereItIsConfigured(t *testing.T) {
	const own, other = dialecttest.ArguflowHost, dialecttest.FlowlessHost
	type answers map[arguflowAt]string // the shape of what is not there
	for _, c := range []struct {
		name, mounts string
		env          []string
		there        []arguflowAt
		short        []string // hosts where some paths are taken without the dialect's
		not          answers
		described    bool
	}{
		{
			name: "below its path", there: []arguflowAt{{"", "/api"}}, short: []string{""}, described: true,
			not: answers{{"", ""}: nativeShape, {"", "/API"}: nativeShape, {"", "/apix"}: nativeShape, {"", "/api/api"}: arguflowShape, {"unknown.test", "/v2"}: nativeShape},
		},
		{name: "nowhere", mounts: "off", not: answers{{"", "/api"}: nativeShape, {"", ""}: nativeShape, {own, ""}: nativeShape}},
		{
			name: "at two paths", mounts: "/api,/v2/vault", there: []arguflowAt{{"", "/api"}, {"", "/v2/vault"}}, short: []string{""}, described: true,
			not: answers{{"", "/v2"}: nativeShape, {"", ""}: nativeShape},
		},
		{
			name: "at a host of its own", mounts: own, there: []arguflowAt{{own, ""}, {own + ":8443", ""}, {"Arguflow.Test.", ""}},
			not: answers{{"", "/api"}: nativeShape, {own, "/api"}: arguflowShape, {own, "/flowless"}: arguflowShape},
		},
		{
			name: "below a path of a host of its own", mounts: own + "/vault", there: []arguflowAt{{own, "/vault"}}, short: []string{own},
			not: answers{{"", "/vault"}: nativeShape, {own, ""}: nativeShape, {own, "/api"}: nativeShape},
		},
		{
			name: "at a host of its own and below a path", mounts: own + ",/api", there: []arguflowAt{{own, ""}, {"", "/api"}}, short: []string{""}, described: true,
			not: answers{{own, "/api"}: arguflowShape, {"", ""}: nativeShape},
		},
		{
			name: "beside another dialect at a host", mounts: own, env: []string{"GATEHOUSE_FLOWLESS=" + own + "/flowless"}, there: []arguflowAt{{own, ""}},
			not: answers{{own, "/flowless"}: flowlessShape, {"", "/flowless"}: nativeShape},
		},
		{
			name: "where another dialect has a host", env: []string{"GATEHOUSE_FLOWLESS=" + other}, there: []arguflowAt{{"", "/api"}}, short: []string{""}, described: true,
			not: answers{{other, "/api"}: flowlessShape, {other, ""}: flowlessShape},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := append(c.env, "GATEHOUSE_CORS_ORIGINS=https://good.example")
			if c.mounts != "" {
				env = append(env, "GATEHOUSE_ARGUFLOW="+c.mounts)
			}
			s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: env})
			dialecttest.QuickPasswords(s)
			s.Register(t, ada, phrase)
			var id string
			for i, at := range c.there {
				does(t, s, at.request("GET", "/health", ""), 200)
				r := does(t, s, at.request("POST", "/auth", pairs("email", ada, "password", phrase)), 204)
				set := (&http.Response{Header: r.Header}).Cookies()
				if len(set) != 1 || set[0].Path != "/" || set[0].Domain != "" {
					t.Fatalf("%v sets %v", at, set)
				}
				if i == 0 {
					id = set[0].Value
				}
				does(t, s, at.request("GET", "/auth", "").ByCookie(id), 200) // that of the first place
				for path, status := range map[string]int{"/invitation": 200, "/password": 204} {
					does(t, s, at.request("POST", path, pairs("email", ada)), status)
				}
				does(t, s, at.request("GET", "/password/"+ada, ""), 204)
				q := at.request("GET", "/nothing", "")
				q.Header = map[string]string{"Origin": "https://good.example"}
				if r := does(t, s, q, 404); r.Body != arguflowShape || r.Header.Get("Access-Control-Allow-Credentials") != "true" {
					t.Errorf("%v: %s, credentials %q", at, r.Body, r.Header.Get("Access-Control-Allow-Credentials"))
				}
			}
			for _, host := range c.short {
				at := arguflowAt{host: host}
				does(t, s, at.request("POST", "/invitation", pairs("email", ada)), 200)
				does(t, s, at.request("GET", "/password/"+ada, ""), 204)
				does(t, s, at.request("POST", "/password", pairs("email", ada)), 204)
				does(t, s, at.request("POST", "/register/x", pairs("password", phrase, "password_confirmation", phrase)), 400)
			}
			for at, shape := range c.not {
				for _, q := range []dialecttest.Request{at.request("GET", "/user/x", ""), at.request("PUT", "/user", `{"visible_email":true}`).ByCookie(id)} {
					if r := does(t, s, q, 404); !strings.Contains(r.Body, shape) {
						t.Errorf("%v%s is not there in the shape %s", at, q.Path, r.Body)
					}
				}
			}
			if got := strings.Contains(does(t, s, dialecttest.Request{Path: "/openapi.json"}, 200).Body, "arguflowMe"); got != c.described {
				t.Errorf("it is described: %t, want %t", got, c.described)
			}
		})
	}
}

// TestTheShortPathsAreNobodyElses asks a host of another dialect, and this one's when it is off.
func TestTheShortPathsAreNobodyElses(t *testing.T) {
	hosted := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_FLOWLESS=" + dialecttest.FlowlessHost}})
	off := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Env: []string{"GATEHOUSE_ARGUFLOW=off"}})
	for _, path := range []string{"/invitation", "/register/x", "/password", "/password/" + ada, "/api/auth"} {
		r := does(t, hosted, dialecttest.Request{Path: path, Host: dialecttest.FlowlessHost, Body: `{}`}, 404)
		if !strings.Contains(r.Body, flowlessShape) {
			t.Errorf("%s at a host of another dialect: %s", path, r.Body)
		}
		if r := does(t, off, dialecttest.Request{Path: path, Body: `{}`}, 404); !strings.Contains(r.Body, nativeShape) {
			t.Errorf("%s where there is none: %s", path, r.Body)
		}
	}
}
