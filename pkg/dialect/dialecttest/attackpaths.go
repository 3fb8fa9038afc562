package dialecttest

import "strings"

// AmbiguousPaths returns targets that a proxy, or another server, could take for group/rest.
func AmbiguousPaths(group, rest string) []string {
	return spell(group, rest,
		"{g}%2f{r}", "{g}%2F{r}", "{g}/{r}%2f", "{g}%5c{r}", `{g}\{r}`,
		"{g}/{r}%00", "{g}%00/{r}", "{g}/{r};jsessionid=1", "{g};x/{r}", "{g}/..;{g}/{r}",
		"{g}/%3b/{r}", "/{g}/{r}", "{g}//{r}", "{g}/{r}//", "/.{g}/{r}", "{g}/./{r}",
		"/x/..{g}/{r}", "{g}/x/../{r}", "{g}/%2e%2e{g}/{r}", "{g}/%2e/{r}", "{g}/{r}/..",
		"{g}/{r}/.", "{g}/{r}/%2e%2e", "{g}/.%2e{g}/{r}", "http://evil.example{g}/{r}",
		"https://x{g}/{r}", "x:{g}/{r}",
	)
}

// UnreadablePaths returns targets that make no request.
func UnreadablePaths(group, rest string) []string {
	return spell(group, rest, "{g}/{r}%", "{g}/{r}%zz", "{g}/%{r}", "auth/{r}", "", "\x00", "/a b")
}

// OtherPaths returns targets that look like group/rest and are something else.
func OtherPaths(group, rest string) []string {
	return spell(group, rest,
		"{G}/{r}", "{g}/{R}", "{g}/{r}/", "{g}/{r}%20", "{g}/{r}%c0%af",
		"{g}/%c0%ae%c0%ae/{r}", "{g}/{r}%ef%bc%8f", "{g}%252f{r}", "{g}/{r}%0a", "{g}/{r}.json",
	)
}

// spell fills in templates; the capital letters stand for the same in capitals.
func spell(group, rest string, templates ...string) []string {
	fill := strings.NewReplacer("{g}", group, "{r}", rest, "{G}", strings.ToUpper(group), "{R}", strings.ToUpper(rest))
	out := make([]string, 0, len(templates))
	for _, t := range templates {
		out = append(out, fill.Replace(t))
	}
	return out
}

// Overrides returns headers by which some servers let a client change the method or the path of
// a request.
func Overrides(path string) map[string]string {
	return map[string]string{
		"X-Http-Method-Override": "DELETE", "X-Http-Method": "DELETE", "X-Method-Override": "DELETE", "X-Original-Url": path, "X-Rewrite-Url": path,
	}
}
