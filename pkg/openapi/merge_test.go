package openapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/arguflow"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/flowless"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/native"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
)

const publicURL = "https://id.example.com"

// parts are the descriptions of all dialects.
func parts() []openapi.Part {
	return []openapi.Part{
		{Name: "native", YAML: native.Description()},
		{Name: "flowless", YAML: flowless.Description(), At: "/flowless"},
		{Name: "arguflow", YAML: arguflow.Description("ai-editor"), At: "/api"},
	}
}

// TestTheDocumentIsValid asks a reader of OpenAPI 3.1 that is not ours, which also holds every
// example to its schema.
func TestTheDocumentIsValid(t *testing.T) {
	doc, err := openapi.Merge(publicURL, parts()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, doc); err != nil {
		t.Error(err)
	}
	for _, broken := range []struct{ name, from, to string }{
		{"a reference to nothing", `#/components/schemas/User"`, `#/components/schemas/Nobody"`},
		{"an answer without a description", `{"description":"Signed out."`, `{"summary":"Signed out."`},
		{"an example of another type", `"expiresIn":3600`, `"expiresIn":"3600"`},
		{"one operation id twice", `"operationId":"login"`, `"operationId":"register"`},
		{"a parameter that the path has not", `"/auth/sessions/{handle}"`, `"/auth/sessions/{name}"`},
	} {
		spoiled := strings.Replace(string(doc), broken.from, broken.to, 1)
		if spoiled == string(doc) {
			t.Errorf("%s: there is no %s to break", broken.name, broken.from)
		}
		if validate(t, []byte(spoiled)) == nil {
			t.Errorf("%s: nobody notices", broken.name)
		}
	}
}

func validate(t *testing.T, doc []byte) error {
	t.Helper()
	loaded, err := openapi3.NewLoader().LoadFromData(doc)
	if err != nil {
		return err
	}
	return loaded.Validate(t.Context())
}

// TestExamplesCarryNoRealCredential keeps what looks like a secret out of a public document.
func TestExamplesCarryNoRealCredential(t *testing.T) {
	doc, err := openapi.Merge(publicURL, parts()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, sign := range []string{"eyJ", "pk_A", "sk_A"} {
		if strings.Contains(string(doc), sign) {
			t.Errorf("%s is in the document", sign)
		}
	}
}

func TestMergeKeepsOrderAndPutsServersIn(t *testing.T) {
	doc, err := openapi.Merge(publicURL,
		openapi.Part{Name: "one", YAML: "tags: [{name: One}]\npaths: {/z: {}, /a: {}}\ncomponents: {schemas: {Z: {type: string}}}\n"},
		openapi.Part{Name: "two", YAML: "tags: [{name: Two}]\npaths: {/b: {get: {responses: {200: {}}}}}\ncomponents: {schemas: {A: {type: string}}}\n"},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"servers":[{"url":"https://id.example.com"}]`, `"tags":[{"name":"One"},{"name":"Two"}]`, `"paths":{"/z":{},"/a":{},"/b":{"get":{"responses":{"200":{}}}}}`,
		`"Z":{"type":"string"},"A":{"type":"string"}}`,
	} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("%s is not in the document", want)
		}
	}
	if !json.Valid(doc) {
		t.Error("the document is no JSON")
	}
}

func TestWhatCannotBeMergedIsAnError(t *testing.T) {
	const schema = "components: {schemas: {S: {type: string}}}\n"
	for _, c := range []struct {
		name  string
		parts []string
		want  string
	}{
		{"a schema that two parts name", []string{schema, schema}, "S is there already"},
		{"a schema that is shared", []string{"components: {schemas: {Problem: {}}}"}, "Problem is there already"},
		{"a path that two parts have", []string{"paths: {/a: {}}", "paths: {/a: {}}"}, "/a is there already"},
		{"a tag that two parts have", []string{"tags: [{name: T}]", "tags: [{name: T}]"}, "the tag T is there already"},
		{"a part that names servers", []string{"servers: [{url: 'https://evil.example'}]"}, "servers is not for a part to say"},
		{"a name with nothing behind it", []string{"paths: {/a: {get: {summary: }}}"}, "a value is missing"},
		{"a list where an object is wanted", []string{"paths: [1]"}, "want an object"},
		{"what is no YAML", []string{"paths: {"}, "part 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []openapi.Part
			for i, text := range c.parts {
				list = append(list, openapi.Part{Name: "part " + string(rune('1'+i)), YAML: text})
			}
			_, err := openapi.Merge(publicURL, list...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
