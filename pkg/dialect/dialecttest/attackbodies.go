package dialecttest

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// BrokenBody is a body that must not be read.
type BrokenBody struct {
	Name, Body string
	Code       string // of the fault
	Field      string // that is at fault, if one is
}

// BrokenBodies returns what must be refused by every route that takes the members email and
// password as texts and needs the first: what is no JSON, and JSON that two readers would read in
// two ways.
func BrokenBodies() []BrokenBody {
	const honest = `{"email":"new@example.com","password":"a long enough phrase"}`
	const rest = `,"password":"a long enough phrase"}`
	return []BrokenBody{
		{"a member twice", `{"email":"new@example.com","email":"evil@example.com"` + rest, "invalid_input", "email"},
		{"a member twice, once escaped", `{"email":"new@example.com","em\u0061il":"evil@example.com"` + rest, "invalid_input", "email"},
		{"a member twice with one value", `{"email":"new@example.com","email":"new@example.com"` + rest, "invalid_input", "email"},
		{"a member in capitals", `{"EMAIL":"new@example.com"` + rest, "invalid_input", "EMAIL"},
		{"a member in capitals beside the right one", `{"email":"new@example.com","Email":"evil@example.com"` + rest, "invalid_input", "Email"},
		{"a long s", `{"email":"new@example.com","paſſword":"a long enough phrase"}`, "invalid_input", "paſſword"},
		{"an unknown member", `{"email":"new@example.com","admin":true` + rest, "invalid_input", "admin"},
		{"the member called minus", `{"-":"admin","email":"new@example.com"` + rest, "invalid_input", "-"},
		{"a member without a name", `{"":"admin","email":"new@example.com"` + rest, "invalid_input", ""},
		{"a prototype", `{"__proto__":{"userType":"admin"},"email":"new@example.com"` + rest, "invalid_input", "__proto__"},
		{"another object behind it", honest + `{}`, "invalid_json", ""},
		{"another object on another line", honest + "\n" + honest, "invalid_json", ""},
		{"a bracket behind it", honest + `]`, "invalid_json", ""},
		{"a NUL behind it", honest + "\x00", "invalid_json", ""},
		{"a comma at the end", `{"email":"new@example.com","password":"a long enough phrase",}`, "invalid_json", ""},
		{"a comment", `{/* */"email":"new@example.com"` + rest, "invalid_json", ""},
		{"single quotes", `{'email':'new@example.com'}`, "invalid_json", ""},
		{"a byte order mark", "\ufeff" + honest, "invalid_json", ""},
		{"UTF-16", utf16LE(honest), "invalid_json", ""},
		{"no UTF-8", `{"email":"new@example.com","password":"a long enough phrase` + "\xff" + `"}`, "invalid_json", ""},
		{"no UTF-8 in a name", `{"email":"new@example.com","password` + "\xff" + `":"a long enough phrase"}`, "invalid_json", ""},
		{"UTF-8 that is longer than it needs to be", `{"email":"new@example.com","password":"a long enough phrase` + "\xc0\xaf" + `"}`, "invalid_json", ""},
		{"half a surrogate pair", `{"email":"new@example.com","password":"a long enough phrase\ud800"}`, "invalid_json", ""},
		{"a raw line break in a string", "{\"email\":\"new@example.com\",\"password\":\"a long enough\nphrase\"}", "invalid_json", ""},
		{"10001 open brackets", strings.Repeat("[", 10001), "invalid_json", ""},
		{"10001 open braces", strings.Repeat(`{"a":`, 10001), "invalid_json", ""},
		{"10001 brackets in a member", `{"email":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + `}`, "invalid_json", ""},
		{"null", `null`, "invalid_json", ""},
		{"a list", `[` + honest + `]`, "invalid_json", ""},
		{"a string", `"` + "email" + `"`, "invalid_json", ""},
		{"a number", `1e999`, "invalid_json", ""},
		{"spaces", "   ", "invalid_json", ""},
		{"half an object", `{"email":"new@example.com"`, "invalid_json", ""},
		{"a huge number", `{"email":1e999` + rest, "invalid_input", "email"},
		{"a number too long to be read", `{"email":` + strings.Repeat("9", 5000) + rest, "invalid_input", "email"},
		{"a null address", `{"email":null` + rest, "invalid_input", "email"},
		{"no address", `{"password":"a long enough phrase"}`, "invalid_input", "email"},
		{"a form", `email=new%40example.com&password=a+long+enough+phrase`, "invalid_json", ""},
	}
}

func utf16LE(s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return string(out)
}

// OtherTypes returns media types that are not JSON in UTF-8.
func OtherTypes() []string {
	return []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json;charset=utf-7",
		"application/json; charset=utf-16", "application/json; charset=latin1", "application/jsonx", "text/json",
		"application/problem+json", "*/*", "application/json, text/plain", "application/json; charset=utf-8; charset=utf-7", "application/json; =",
	}
}

// Encodings returns content encodings, which nothing takes.
func Encodings() []string { return []string{"gzip", "deflate", "br", "identity", "x"} }
