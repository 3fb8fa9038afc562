package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// file is something that does not change while the process lives, ready to send.
type file struct {
	mediaType string
	body      []byte // empty when only the compressed form is kept
	packed    []byte // by gzip
	version   string // a hash of the content
}

func newFile(mediaType string, body []byte) file {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level exists
	_, _ = w.Write(body)                                       // a buffer takes everything
	_ = w.Close()
	return file{mediaType: mediaType, body: body, packed: packed.Bytes(), version: hash(body)}
}

// newPacked keeps a file that came compressed as it is: hardly anybody asks for the other form.
func newPacked(mediaType string, packed []byte) file {
	return file{mediaType: mediaType, packed: packed, version: hash(packed)}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// serve answers with the file, or says that the caller has it (RFC 9110 section 13.1.2). The two
// forms are two representations, so they have two tags.
func (f file) serve(c *gin.Context, cache string) {
	h := c.Writer.Header()
	h.Set("Cache-Control", cache)
	h.Set("Content-Type", f.mediaType)
	h.Add("Vary", "Accept-Encoding")
	packed := takesGzip(c.Request.Header.Get("Accept-Encoding"))
	tag := `"` + f.version + `"`
	if packed {
		tag = `"` + f.version + `.gz"`
	}
	h.Set("ETag", tag)
	if strings.Contains(c.Request.Header.Get("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	body := f.packed
	if packed {
		h.Set("Content-Encoding", "gzip")
	} else if body = f.body; body == nil {
		body = unpack(f.packed)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(body) // the reader has gone: nobody is left to tell
}

func unpack(packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil // it is embedded: a test reads it
	}
	body, _ := io.ReadAll(r)
	return body
}

// takesGzip reads Accept-Encoding (RFC 9110 section 12.5.3). Only a plain refusal is looked for:
// who accepts the form less than another still accepts it.
func takesGzip(accept string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, given := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return !given || strings.Trim(q, "0.") != ""
		}
	}
	return false
}
