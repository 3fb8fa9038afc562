package flowless_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/browsertest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// elsewhere has browsers find a provider at another site than the service.
func elsewhere(p *providertest.Provider) []string {
	at := strings.Replace(p.URL, "127.0.0.1", "localhost", 1) + "/oidc/authorize"
	return append(p.Env(), "GATEHOUSE_SOCIAL_"+strings.ToUpper(p.Name)+"_AUTH_URL="+at)
}

// TestARealBrowserKeepsTheCookiesOfAFlow goes through a provider at another site, which answers by
// a redirect or has a form posted, and links from a script of an app.
func TestARealBrowserKeepsTheCookiesOfAFlow(t *testing.T) {
	app := page(t)
	clock := dialecttest.NewRunningClock()
	env := []string{"GATEHOUSE_CORS_ORIGINS=" + app}
	there := map[string]*providertest.Provider{}
	for _, name := range []string{"google", "apple"} {
		there[name] = providertest.Start(t, name, jane())
		env = append(env, elsewhere(there[name])...)
	}
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{OwnURL: true, Env: env, Clock: clock})
	dialecttest.QuickPasswords(s)
	browser := browsertest.Start(t)
	for _, name := range []string{"google", "apple"} {
		tab := browser.Profile(t).Tab(t)
		tab.Open(app) // the browser comes from the app
		tab.Eval(`location.href = `+dialecttest.JSON(s.URL+"/flowless/auth/social/"+name+"/login?redirect_uri=/flowless/auth/me")+`; undefined`, nil)
		tab.WaitFor(`location.href === ` + dialecttest.JSON(s.URL+"/flowless/auth/me"))
		if text := tab.Text("body"); !strings.Contains(text, jane().Email) {
			t.Errorf("%s: signed in as %s", name, text)
		}
		for _, address := range tab.History() {
			if strings.Contains(address, "ses_") {
				t.Errorf("%s: the address %s", name, address)
			}
		}
	}

	eve := s.FlowlessRegister(t, "eve@example.com", "engines weave numbers")
	u := jane()
	u.Subject, u.Email = "220001", "eve@elsewhere.example"
	there["google"].SignIn(u)
	tab := browser.Profile(t).Tab(t)
	tab.Open(app)
	tab.Eval(`fetch(`+dialecttest.JSON(s.URL+"/flowless/auth/social/google/link")+`, {method: "POST", credentials: "include",
		headers: {"X-Session-ID": "`+eve.ID+`", "Content-Type": "application/json"}, body: JSON.stringify({redirect_uri: "`+app+`/?done"})})
		.then(r => r.json()).then(a => { location.href = a.url })`, nil)
	tab.WaitFor(`location.href === ` + dialecttest.JSON(app+"/?done"))
	r := answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/social/accounts", ID: eve.ID})
	if !strings.Contains(r.Body, "eve@elsewhere.example") {
		t.Errorf("linked are %s", r.Body)
	}
}
