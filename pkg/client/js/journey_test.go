package js_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
)

// TestALinkTakesAPersonToAnotherApp goes the whole way: an app asks for a link, another
// browser opens it, says yes, and arrives at an app on another origin, which takes the
// session over and calls the service from there.
func TestALinkTakesAPersonToAnotherApp(t *testing.T) {
	other := &site{refused: map[string]bool{}}
	web := httptest.NewServer(other)
	t.Cleanup(web.Close)
	other.URL = web.URL
	s := start(t, "1h", "GATEHOUSE_CORS_ORIGINS="+other.URL, "GATEHOUSE_APP_URL=/page")
	other.Server = s.Server

	browser := browsertest.Start(t)
	first := s.open(t, browser)
	signIn(first, "ada@example.com")
	var link, held string
	first.Eval("client.handOffLink({ continueTo: "+quoted(other.URL+"/page?from=link")+" })", &link)
	first.Eval("client.session().refreshToken", &held)

	second := browser.Profile(t).Tab(t)
	second.Open(other.URL + "/bare")
	second.Eval("void localStorage.setItem('options', "+quoted(fmt.Sprintf(`{"baseUrl":%q}`, s.URL))+")", nil)
	second.Open(link)
	second.Press("Continue")
	second.WaitFor("window.ready")
	second.Eval("client.acceptHandOff().then(() => null)", nil)
	var got []any
	second.Eval(`client.user().then(u => [location.href, u.email, client.session().refreshToken === `+quoted(held)+`])`, &got)
	if diff := cmp.Diff([]any{other.URL + "/page?from=link", "ada@example.com", false}, got); diff != "" {
		t.Errorf("at the other app (-want +got):\n%s", diff)
	}
	second.Eval("client.signOut()", nil)
	first.Eval("client.user().then(() => null)", nil) // a session of its own
	first.Clean()
	second.Clean()
	s.noTokens(t, first, second)
}
