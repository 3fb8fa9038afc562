package openapitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/openapi/openapitest"
)

const document = `{
  "paths": {
    "/things": {
      "get": {
        "security": [{}, {"key": []}],
        "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}}, {"$ref": "#/components/parameters/Tenant"}],
        "responses": {"200": {"$ref": "#/components/responses/Thing"}, "429": {"description": "", "headers": {"X-RateLimit-Limit": {"schema": {"type": "integer"}}}}}
      },
      "post": {
        "security": [{"key": []}],
        "requestBody": {"required": true, "content": {
          "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
          "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Thing"}}
        }},
        "responses": {"204": {"description": ""}}
      }
    },
    "/things/{name}": {
      "get": {"security": [{"user": ["admin"]}, {"key": ["read"]}], "responses": {"200": {"description": "", "content": {"text/html": {"schema": {"type": "string"}}}}}}
    },
    "/things/first": {"get": {"security": [], "responses": {"204": {"description": ""}}}},
    "/held": {
      "get": {
        "security": [{"held": []}, {"heldQuery": []}, {"heldCookie": []}],
        "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}, {"name": "taste", "in": "cookie", "schema": {"type": "string", "maxLength": 3}}],
        "responses": {"204": {"description": ""}}
      },
      "put": {"security": [], "requestBody": {"content": {"multipart/form-data": {"schema": {"type": "object"}}}}, "responses": {"204": {"description": ""}}}
    }
  },
  "components": {
    "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}, "user": {"type": "http", "scheme": "bearer"},
      "held": {"type": "apiKey", "in": "header", "name": "X-Session-ID"}, "heldQuery": {"type": "apiKey", "in": "query", "name": "session_id", "x-also-named": ["sessionId"]}, "heldCookie": {"type": "apiKey", "in": "cookie", "name": "session_id"}},
    "parameters": {"Tenant": {"name": "X-Tenant", "in": "header", "required": true, "schema": {"type": "string", "maxLength": 3}}},
    "headers": {"Limit": {"required": true, "schema": {"type": "integer"}}},
    "schemas": {"Thing": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {"name": {"type": "string"}}}},
    "responses": {"Thing": {"description": "", "headers": {"X-RateLimit-Limit": {"$ref": "#/components/headers/Limit"}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
  }
}`

func contract(t *testing.T) *openapitest.Contract {
	t.Helper()
	c, err := openapitest.New([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestCheckFindsWhatIsNotDocumented(t *testing.T) {
	type exchange = openapitest.Exchange
	read := func(change func(*exchange)) exchange {
		x := exchange{
			Method: "GET", Target: "/things?limit=9", Header: headers("X-Tenant", "abc"),
			Status: 200, Answered: headers("Content-Type", "application/json; charset=utf-8", "X-RateLimit-Limit", "5"), Answer: `{"name":"a"}`,
		}
		change(&x)
		return x
	}
	written := func(mediaType, body string) exchange {
		return exchange{Method: "POST", Target: "/things", Header: headers("X-Api-Key", "k", "Content-Type", mediaType), Body: body, Status: 204, Answered: headers()}
	}
	held := func(target string, pairs ...string) exchange {
		return exchange{Method: "GET", Target: target, Header: headers(pairs...), Status: 204, Answered: headers()}
	}
	file := func(mediaType string) exchange {
		return exchange{Method: "PUT", Target: "/held", Header: headers("Content-Type", mediaType), Body: "--b\r\n", Status: 204, Answered: headers()}
	}
	for _, c := range []struct {
		name string
		exchange
		want string // in the one finding; empty for none
	}{
		{"what is as documented", read(func(*exchange) {}), ""},
		{"a path that is not documented", read(func(x *exchange) { x.Target = "/others" }), ""},
		{"a status that is not documented", read(func(x *exchange) { x.Status = 404 }), "GET /things answers 404: the status is not documented"},
		{"a method that is not documented", read(func(x *exchange) { x.Method = "PUT" }), "the method is not documented"},
		{"a method that is refused", read(func(x *exchange) { x.Method, x.Status = "PUT", 405 }), ""},
		{"a method that is spelled otherwise", read(func(x *exchange) { x.Method = "get" }), "the method is not documented"},
		{"a member that is not documented", read(func(x *exchange) { x.Answer = `{"name":"a","more":1}` }), "additional properties 'more' not allowed"},
		{"a member that is missing", read(func(x *exchange) { x.Answer = `{}` }), "missing property 'name'"},
		{"a member of another type", read(func(x *exchange) { x.Answer = `{"name":1}` }), "got number, want string"},
		{"no JSON", read(func(x *exchange) { x.Answer = `{` }), "EOF"},
		{"another media type", read(func(x *exchange) { x.Answered.Set("Content-Type", "text/plain") }), `the media type "text/plain" is not documented`},
		{"a header that is missing", read(func(x *exchange) { x.Answered.Del("X-RateLimit-Limit") }), "the header X-RateLimit-Limit is missing"},
		{"a header of another type", read(func(x *exchange) { x.Answered.Set("X-RateLimit-Limit", "many") }), `the header X-RateLimit-Limit is "many"`},
		{"a header that is not documented", read(func(x *exchange) { x.Answered.Set("Set-Cookie", "a=b") }), "the header Set-Cookie is not documented"},
		{"a parameter out of range", read(func(x *exchange) { x.Target = "/things?limit=10" }), `the parameter limit="10"`},
		{"a parameter of another type", read(func(x *exchange) { x.Target = "/things?limit=x" }), `the parameter limit="x"`},
		{"a parameter without a value", read(func(x *exchange) { x.Target = "/things?limit=" }), ""},
		{"a parameter that is not documented", read(func(x *exchange) { x.Target = "/things?more=1" }), "the parameter more, which is not documented"},
		{"a parameter that is missing", read(func(x *exchange) { x.Header.Del("X-Tenant") }), "served without the parameter X-Tenant"},
		{"a header parameter that is too long", read(func(x *exchange) { x.Header.Set("X-Tenant", "abcd") }), `the parameter X-Tenant="abcd"`},
		{"a wrong request that is refused", read(func(x *exchange) { x.Target, x.Status, x.Answer, x.Answered = "/things?limit=x", 429, "", headers() }), ""},
		{"a body where none is documented", exchange{Method: "GET", Target: "/things/first", Status: 204, Answer: "x"}, "there is a body"},
		{"the path without parameters before the one with", exchange{Method: "GET", Target: "/things/first", Status: 204}, ""},
		{"a page", exchange{Method: "GET", Target: "/things/a", Header: headers("Authorization", "Bearer x"), Status: 200, Answered: headers("Content-Type", "text/html"), Answer: "<p>"}, ""},
		{"the other credential", exchange{Method: "GET", Target: "/things/a", Header: headers("X-Api-Key", "x"), Status: 200, Answered: headers("Content-Type", "text/html"), Answer: "<p>"}, ""},
		{"no credential", exchange{Method: "GET", Target: "/things/a", Header: headers(), Status: 200, Answered: headers("Content-Type", "text/html"), Answer: "<p>"}, "without a credential"},
		{"an empty parameter in the path", exchange{Method: "GET", Target: "/things/", Status: 200}, ""},
		{"a JSON body", written("application/json", `{"name":"a"}`), ""},
		{"a form", written("application/x-www-form-urlencoded", `name=a`), ""},
		{"a JSON body that is wrong", written("application/json", `{"nome":"a"}`), "its body is wrong"},
		{"a form that is wrong", written("application/x-www-form-urlencoded", `nome=a`), "its body is wrong"},
		{"a body of another type", written("text/plain", `name`), `a body of type "text/plain"`},
		{"no body", written("application/json", ""), "without a body"},
		{"a credential in a header", held("/held", "X-Session-ID", "a"), ""},
		{"a credential in the query", held("/held?session_id=a&page=1"), ""},
		{"a credential in the query by its other name", held("/held?sessionId=a"), ""},
		{"a credential in a cookie", held("/held", "Cookie", "other=b; session_id=a"), ""},
		{"a credential in another cookie", held("/held", "Cookie", "sessions_id=a"), "without a credential"},
		{"a credential in the query that is empty", held("/held?session_id="), "without a credential"},
		{"a credential in another parameter", held("/held?session=a", "X-Session-ID", "a"), "the parameter session, which is not documented"},
		{"a header's credential in the query", held("/held?X-Session-ID=a", "X-Session-ID", "a"), "the parameter X-Session-ID, which is not documented"},
		{"a credential in the query where it is not read there", exchange{Method: "POST", Target: "/things?key=k", Header: headers("Content-Type", "application/json"), Body: `{"name":"a"}`, Status: 204}, "without a credential"},
		{"a cookie that is too long", held("/held?session_id=a", "Cookie", "taste=sweet"), `the parameter taste="sweet"`},
		{"a file", file("multipart/form-data; boundary=b"), ""},
		{"a file in another envelope", file("multipart/mixed; boundary=b"), `a body of type "multipart/mixed"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := contract(t).Check(c.exchange)
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDisagreementsFindsWhatTheRoutesDoNotSay(t *testing.T) {
	fine := func() openapitest.Table {
		return openapitest.Table{
			Routes: []httpkit.Route{
				{Method: "GET", Path: "/things/:name", Access: httpkit.Access{Bearer: true, Admin: true, Scope: "read"}},
			},
			Public:  []string{"GET /things/first"},
			Pending: []string{"GET /things", "POST /things", "GET /held", "PUT /held"},
		}
	}
	access := func(a httpkit.Access) func(*openapitest.Table) {
		return func(x *openapitest.Table) { x.Routes[0].Access = a }
	}
	takes := func(ways string) []string {
		return []string{`GET /things/{name} is documented for ["apiKey(read)" "bearer(admin)"], and it takes [` + ways + `]`}
	}
	for _, c := range []struct {
		name   string
		change func(*openapitest.Table)
		want   []string
	}{
		{"all as documented", func(*openapitest.Table) {}, nil},
		{"a route that is not documented", func(x *openapitest.Table) {
			x.Routes = append(x.Routes, httpkit.Route{Method: "PUT", Path: "/things/:name"})
		}, []string{"PUT /things/{name} is registered and not documented"}},
		{"a route that is gone", func(x *openapitest.Table) { x.Public = nil }, []string{"GET /things/first is documented and not registered"}},
		{"a route that came", func(x *openapitest.Table) {
			x.Public = append(x.Public, "GET /things")
		}, []string{`GET /things is documented for ["" "key()"], and it takes []`, "GET /things is said to be pending, and it is registered or not documented"}},
		{"another scope", func(x *openapitest.Table) {
			x.Routes[0].Access.Scope = "write"
		}, []string{`GET /things/{name} is documented for ["apiKey(read)" "bearer(admin)"], and it takes ["apiKey(write)" "bearer(admin)"]`}},
		{"everybody who is signed in", func(x *openapitest.Table) {
			x.Routes[0].Access.Admin = false
		}, []string{`GET /things/{name} is documented for ["apiKey(read)" "bearer(admin)"], and it takes ["apiKey(read)" "bearer()"]`}},
		{"whoever holds the id of a session", access(httpkit.Access{SessionID: true}), takes(`"sessionId()" "sessionIdCookie()" "sessionIdQuery()"`)},
		{"whoever shows the id of a session", access(httpkit.Access{SessionID: true, Unchecked: true}), takes(`"sessionId()" "sessionIdCookie()" "sessionIdQuery()"`)},
		{"an administrator who holds the id of a session", access(httpkit.Access{SessionID: true, Admin: true}), takes(`"sessionId(admin)" "sessionIdCookie(admin)" "sessionIdQuery(admin)"`)},
		{"anybody, who may hold the id of a session", access(httpkit.Access{Public: true, SessionID: true}), takes(`"" "apiKey()" "sessionId()" "sessionIdCookie()" "sessionIdQuery()"`)},
		{"a server", access(httpkit.Access{Bridge: true}), takes(`"bridgeSecret()"`)},
		{"anybody, who may be a server", access(httpkit.Access{Public: true, Bridge: true}), takes(`"" "apiKey()" "bridgeSecret()"`)},
		{"a server, or whoever holds the id of a session", access(httpkit.Access{Bridge: true, SessionID: true}), takes(`"bridgeSecret()" "sessionId()" "sessionIdCookie()" "sessionIdQuery()"`)},
		{"a limit that is not documented", func(x *openapitest.Table) {
			x.Routes[0].Limit = limit.Policy{Limit: 1}
		}, []string{"GET /things/{name}: limited is true, and documented as false"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			renamed := strings.NewReplacer(`{"user": ["admin"]}, {"key": ["read"]}`, `{"bearer": ["admin"]}, {"apiKey": ["read"]}`).Replace(document)
			doc, err := openapitest.New([]byte(renamed))
			if err != nil {
				t.Fatal(err)
			}
			table := fine()
			c.change(&table)
			if diff := cmp.Diff(c.want, doc.Disagreements(table)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
