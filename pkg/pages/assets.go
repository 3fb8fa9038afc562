package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

//go:embed assets/*
var assetFiles embed.FS

// assets is what pages load. The paths hold a hash of the content, which therefore never changes
// under one path.
type assets struct {
	style, script, icon string
	byName              map[string]httpkit.Document
}

func newAssets(b Brand) assets {
	a := assets{byName: map[string]httpkit.Document{}}
	add := func(name, mediaType, before string) string {
		content, _ := assetFiles.ReadFile("assets/" + name) // embedded
		content = append([]byte(before), content...)
		sum := sha256.Sum256(content)
		stem, ext, _ := strings.Cut(name, ".")
		named := stem + "." + hex.EncodeToString(sum[:8]) + "." + ext
		a.byName[named] = httpkit.Document{Type: mediaType, Content: content}
		return assetsPath + named
	}
	a.style = add("pages.css", "text/css; charset=utf-8", colors(b.Color))
	a.script = add("arrival.js", "text/javascript; charset=utf-8", "")
	a.icon = add("icon.svg", "image/svg+xml", "")
	return a
}

// asset serves what a page loads. While nodes of two versions serve side by side, a page of one
// may ask the other, which then gives what it has and lets nobody keep it.
func (h *Handler) asset(c *httpkit.Call) (httpkit.Reply, error) {
	name := c.Params.ByName("name")
	if doc, ok := h.assets.byName[name]; ok {
		return file(doc, "public, max-age=31536000, immutable"), nil
	}
	stem, _, _ := strings.Cut(name, ".")
	for other, doc := range h.assets.byName {
		if strings.HasPrefix(other, stem+".") && path.Ext(other) == path.Ext(name) {
			return file(doc, "no-store"), nil
		}
	}
	return httpkit.Reply{}, fault.New(fault.NotFound, "not_found", "there is nothing here")
}

func (h *Handler) logo(*httpkit.Call) (httpkit.Reply, error) {
	reply := file(httpkit.Document{Type: h.Brand.Logo.Type, Content: h.Brand.Logo.Content}, "public, max-age=300")
	// For whoever opens the picture by itself: an SVG may bring its own style, and nothing runs.
	reply.Header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	return reply, nil
}

func file(doc httpkit.Document, cache string) httpkit.Reply {
	return httpkit.Reply{Status: http.StatusOK, Header: http.Header{"Cache-Control": {cache}}, Body: doc}
}

// The darkest background of the dark look that text stands on, and what text needs there (WCAG
// 2.2, 1.4.3, with a little to spare).
const (
	darkCard   = "#1c1f26"
	wantedDark = 5.2
)

// colors returns the part of the style sheet that is the operator's: the brand's colour, and its
// relative that can be read on dark.
func colors(brand string) string {
	bright := brand
	for step := 0.0; contrast(bright, darkCard) < wantedDark && step < 1; step += 0.02 {
		bright = tint(brand, step)
	}
	return fmt.Sprintf(":root{--brand:%s;--brand-bright:%s;--dark-card:%s}\n", brand, bright, darkCard)
}

// tint mixes a colour with white.
func tint(color string, white float64) string {
	out := "#"
	for i := 1; i < 7; i += 2 {
		n, _ := strconv.ParseUint(color[i:i+2], 16, 8) // configuration has checked the form
		out += fmt.Sprintf("%02x", int(math.Round(float64(n)+(255-float64(n))*white)))
	}
	return out
}

// contrast returns the contrast ratio of two colours (WCAG 2.2, section 6).
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(color string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
