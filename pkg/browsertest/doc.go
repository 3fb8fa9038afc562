// Package browsertest drives a real Chromium in tests: it opens pages, fills in forms by
// their accessible labels, waits for conditions, and records what a page logs, breaks and
// asks the network for. It checks pages against WCAG 2.2 A and AA with axe-core.
//
// The browser is the one that GATEHOUSE_TEST_BROWSER names, else the first of chromium,
// chromium-browser and google-chrome on the PATH. Without one, or without axe-core (`npm ci
// --prefix pkg/browsertest`), a test that needs it says so and is skipped, or fails if
// GATEHOUSE_REQUIRE_BROWSER is 1.
//
// It is test support: it knows no page of ours. A browser reaches this machine only, by the
// names 127.0.0.1, localhost and anything.localhost, which are origins of their own.
package browsertest
