package httpkit

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// problem is an RFC 9457 problem document with our extension members.
type problem struct {
	Type      string        `json:"type"`
	Title     string        `json:"title"`
	Status    int           `json:"status"`
	Detail    string        `json:"detail"`
	Code      string        `json:"code"`
	RequestID string        `json:"requestId"`
	Errors    []fault.Field `json:"errors,omitempty"`
}

// WriteProblem answers a fault as application/problem+json: the shape of the native dialect
// and of everything that fails before a dialect is known.
func WriteProblem(w http.ResponseWriter, requestID string, f *fault.Error) {
	status := Status(f.Kind)
	body, _ := json.Marshal(problem{ // strings and numbers always encode
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: f.Msg, Code: f.Code,
		RequestID: requestID, Errors: f.Fields,
	})
	w.Header()["X-Request-Id"] = []string{requestID}
	WriteFaultHeaders(w, f)
	writeBody(w, status, "application/problem+json", body)
}

// WriteFault answers a fault with a body of a dialect's own shape, as JSON.
func WriteFault(w http.ResponseWriter, status int, f *fault.Error, shape any) {
	body, _ := json.Marshal(shape) // dialects' shapes are strings, numbers and fields: they always encode
	WriteFaultHeaders(w, f)
	writeBody(w, status, "application/json", body)
}

// FaultHeaders returns the headers that a fault asks for in every dialect: when to come back (RFC
// 9110 section 10.2.3) and how to authenticate (RFC 6750 section 3).
func FaultHeaders(f *fault.Error) http.Header {
	h := http.Header{}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if f.Kind == fault.Unauthenticated {
		h.Set("WWW-Authenticate", `Bearer realm="gatehouse"`)
	}
	return h
}

// WriteFaultHeaders sets FaultHeaders.
func WriteFaultHeaders(w http.ResponseWriter, f *fault.Error) {
	maps.Copy(w.Header(), FaultHeaders(f))
}

// writeBody ends a body with a line break, as a terminal likes it.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	write(w, status, contentType, append(body, '\n'))
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody is left to tell
}
