// Package example holds the example app, a page without a build step that shows everything
// pkg/client/js does. A development server serves it; docs/example/api and
// docs/example/thirdparty are the servers around it.
package example

import (
	"embed"
	"io/fs"
)

//go:embed app
var files embed.FS

// App returns the files of the app. Whoever serves it adds config.json beside index.html:
// {"baseUrl": where Gatehouse is, "apiKey": a publishable key, "api": where docs/example/api
// is}.
func App() fs.FS {
	app, _ := fs.Sub(files, "app") // the folder is embedded
	return app
}
