package native_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

func TestAnAddressThatIsNoneIsRefusedEverywhere(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	s.Register(t, "kate@x.example", goodPassword)
	for _, bad := range []string{
		"", " ", "@", "a@", "@x.example", "a", "a@b@x.example", `"a@evil.example"@x.example`, `"kate"@x.example`, "kate@[127.0.0.1]", "kate@[IPv6:::1]",
		"kate@127.0.0.1", "kate@1", "kate@localhost", "kate@x.example.", "kate@.x.example", "kate@x..example", "kate@-x.example", "kate@x_y.example",
		"kate@x.example ", " kate@x.example", "kate @x.example", "kate@ x.example", "kate@x.example\r\nBcc: eve@evil.example", "kate\n@x.example",
		"kate@x.example\x00", "kate\x00@x.example", "Evil <kate@x.example>", "kate@x.example (comment)", "mailto:kate@x.example", "kate@x.example,eve@evil.example",
		"kate@x.example;eve@evil.example", "<kate@x.example>", ".kate@x.example", "kate.@x.example", "ka..te@x.example",
		"\u212aate@x.example", "kat\u0435@x.example", "kıte@x.example", "kate\u200b@x.example", "kate\u00ad@x.example", "kate@x\u200b.ex\u0000ample",
		"ｋate@x.example", "kate\u202e@x.example", "kate@xn--.example", "kate@xn--a.example", "kate@" + strings.Repeat("x", 64) + ".example",
		strings.Repeat("k", 65) + "@x.example", "kate@" + strings.Repeat("xxxxxxxxx.", 26) + "example", strings.Repeat("k", 10_000) + "@x.example",
		"kate@" + strings.Repeat("ü", 300) + ".example", "kate@x.example/../y", "kate%40x.example", "kate@x.example?", "kate@x.123",
	} {
		for _, q := range []request{
			{Path: "/auth/register", Key: s.Publishable, Body: body("email", bad, "password", goodPassword)},
			{Path: "/auth/login", Key: s.Publishable, Body: body("email", bad, "password", goodPassword)},
			{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: body("email", bad)},
		} {
			if q.Path == "/auth/generateInvitationCode" && bad == "" {
				continue // is no address: anybody may use the invitation
			}
			r := s.Do(t, q)
			if r.Status != 400 || field(t, r) != "email" || !strings.Contains(r.Body, `"code":"invalid_email"`) {
				t.Errorf("%s with %.80q: %d %s", q.Path, bad, r.Status, r.Body)
			}
		}
	}
	if got := accounts(t, s); got != 1 {
		t.Errorf("there are %d accounts", got)
	}
	for _, odd := range []string{"!#$%&'*+/=?^_`{|}~-@x.example", "a@x.museum", strings.Repeat("k", 64) + "@x.example", "1@2.example", "kate+tag@x.example", "k.a.te@x.example"} {
		s.Register(t, odd, goodPassword) // unusual, good, and nobody else's
	}
}

func TestSpellingsOfOneAddressAreOneAccount(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		for first, others := range map[string][]string{
			"Kate@Kate.example":      {"kate@kate.example", "KATE@KATE.EXAMPLE", "kate@\u212aate.example", "kate@ｋate.example", "kate@k\u00adate.example"},
			"ada@Bücher.example":     {"ada@bücher.example", "ada@xn--bcher-kva.example", "ADA@XN--BCHER-KVA.EXAMPLE", "ada@bu\u0308cher.example"},
			"eva@xn--fa-hia.example": {"eva@faß.example", "EVA@FAß.example"},
			"lea@例え.example":         {"lea@xn--r8jz45g.example", "lea@例え。example"},
		} {
			a := s.Register(t, first, goodPassword)
			for _, other := range others {
				r := s.Do(t, request{Path: "/auth/register", Key: s.Publishable, Body: body("email", other, "password", goodPassword)})
				if r.Status != 409 || r.Code() != "email_exists" {
					t.Errorf("%q beside %q: %d %s", other, first, r.Status, r.Body)
				}
				if b := s.Login(t, other, goodPassword); b.LocalID != a.LocalID || b.Email != first {
					t.Errorf("%q signs in as %s, want %s", other, b.Email, first)
				}
			}
		}
		if got := accounts(t, s); got != 4 {
			t.Errorf("there are %d accounts, want 4", got)
		}
		for _, another := range []string{"kate@cate.example", "kate+1@kate.example", "eva@fass.example", "ada@bucher.example", "ka.te@kate.example"} {
			s.Register(t, another, goodPassword)
		}
	})
}

func TestPasswordsAreTakenAsTheyAre(t *testing.T) {
	s := start(t, dialecttest.SQLite(t)) // and the real hasher
	long := strings.Repeat("correct horse battery staple ", 3)[:72]
	login := func(email, password string) request { return attempt{email: email, password: password}.request(s) }
	for email, password := range map[string]string{
		"p8@example.com":    "xq7 vw2k",
		"p72@example.com":   long,
		"p128@example.com":  strings.Repeat("tulip wagon ", 11)[:128],
		"emoji@example.com": strings.Repeat("🐴🔋📎👍", 32), // 128 characters, 512 bytes
		"nul@example.com":   "abcmnk\x00defgtz",
		"nfc@example.com":   "caf\u00e9 au lait \u00e0 cinq",
		"space@example.com": "  spaces all around  ",
		"html@example.com":  `<script>"'\&'; drop --`,
	} {
		s.Register(t, email, password)
		s.Login(t, email, password)
	}
	s.Run(t, []kase{
		{Name: "a letter behind 72 bytes", Request: login("p72@example.com", long+"x"), Status: 401},
		{Name: "71 of 72 bytes", Request: login("p72@example.com", long[:71]), Status: 401},
		{Name: "another case", Request: login("p72@example.com", strings.ToUpper(long)), Status: 401},
		{Name: "a space behind it", Request: login("p72@example.com", long+" "), Status: 401},
		{Name: "something else behind the NUL", Request: login("nul@example.com", "abcmnk\x00xyzgtz"), Status: 401},
		{Name: "nothing behind the NUL", Request: login("nul@example.com", "abcmnk"), Status: 401},
		{Name: "the spaces left out", Request: login("space@example.com", "spaces all around"), Status: 401},
		{Name: "the accents left out", Request: login("nfc@example.com", "cafe au lait a cinq"), Status: 401},
		{Name: "one emoji less", Request: login("emoji@example.com", strings.Repeat("🐴🔋📎👍", 31)), Status: 401},
		{Name: "the accents typed apart", Request: login("nfc@example.com", "cafe\u0301 au lait a\u0300 cinq"), Status: 200},
	})
}

func TestWeakPasswordsAreRefusedWhereverOneIsSet(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	work := dialecttest.QuickPasswords(s)
	a := s.Register(t, "lovelace@example.com", goodPassword)
	server := s.Register(t, "babbage@example.com", goodPassword)
	work.Work()
	set := map[string]func(password string) request{
		"password": func(p string) request {
			return request{Path: "/auth/register", Key: s.Publishable, Body: body("email", "lovelace@new.example", "password", p, "name", "Wilhelmina")}
		},
		"newPassword": func(p string) request {
			return request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", server.LocalID, "newPassword", p)}
		},
	}
	for _, c := range []struct {
		name, password string
		status         int
		code           string
	}{
		{"empty", "", 422, "weak_password"},
		{"seven characters", "xq7 vw2", 422, "weak_password"},
		{"seven characters of 28 bytes", "🐴🔋📎👍🎈🌵🧩", 422, "weak_password"},
		{"seven characters typed in fourteen", strings.Repeat("e\u0301", 7), 422, "weak_password"},
		{"spaces only", strings.Repeat(" ", 20), 422, "weak_password"},
		{"one character", strings.Repeat("z", 30), 422, "weak_password"},
		{"the most used word", "Password12345678", 422, "weak_password"},
		{"in other letters", "P@ssw0rd2024!", 422, "weak_password"},
		{"in wide letters", "ｐａｓｓｗｏｒｄ１２３", 422, "weak_password"},
		{"a keyboard", "qwertyuiop", 422, "weak_password"},
		{"numbers", "1234567890", 422, "weak_password"},
		{"the name of the service", "Gatehouse2024", 422, "weak_password"},
		{"129 characters", strings.Repeat("tulip wagon ", 11)[:129], 400, "too_long"},
		{"129 emoji", strings.Repeat("🐴🔋📎👍", 32) + "🐴", 400, "too_long"},
		{"50 kB", strings.Repeat("tulip wagon ", 4200), 400, "too_long"},
	} {
		for name, ask := range set {
			r := s.Do(t, ask(c.password))
			if r.Status != c.status || field(t, r) != name || !strings.Contains(r.Body, c.code) {
				t.Errorf("%s as %s: %d %s", c.name, name, r.Status, r.Body)
			}
			if strings.Contains(r.Body, c.password) && len(c.password) > 6 {
				t.Errorf("%s: the password comes back: %s", c.name, r.Body)
			}
		}
	}
	s.Run(t, []kase{
		{Name: "the own address", Request: set["password"]("lovelace@new.example"), Status: 422, Code: "weak_password"},
		{Name: "the own name", Request: set["password"]("Wilhelmina1"), Status: 422, Code: "weak_password"},
		{Name: "the own address as the next password", Request: request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", goodPassword, "newPassword", "lovelace99")}, Status: 422, Code: "weak_password", Has: []string{`"field":"newPassword"`}},
	})
	if got := work.Work(); got != 1 { // the current password of the last one
		t.Errorf("%d passwords were hashed", got)
	}
	s.Run(t, []kase{
		{Name: "nothing changed", Request: attempt{email: "lovelace@example.com", password: goodPassword}.request(s), Status: 200},
		{Name: "nor for the other", Request: attempt{email: "babbage@example.com", password: goodPassword}.request(s), Status: 200},
		{Name: "a good one", Request: set["password"]("tulip wagon"), Status: 201},
		{Name: "another good one", Request: set["newPassword"]("tulip wagon"), Status: 204},
	})
}

func TestNamesAreOneLineOfVisibleText(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	set := func(name, value string) request {
		return request{Method: "PATCH", Path: "/auth/me", Bearer: a.AccessToken, Body: body(name, value)}
	}
	fields := []string{"name", "lastName", "displayName", "phone", "gender", "timeZone", "referenceId"}
	for _, bad := range []string{
		"x\r\nBcc: eve@evil.example", "x\ny", "x\x00y", "\x1b[2Jx", "x\u0085y", "x\u2028y", "x\u2029y", "\u202efdp.exe", "x\u2066y", "x\u200ey", "x\x7fy", "x\ty",
	} {
		for _, name := range append(fields, "bio") {
			if name == "bio" && bad == "x\ny" {
				continue // may have several lines
			}
			r := s.Do(t, set(name, bad))
			if r.Status != 400 || field(t, r) != name {
				t.Errorf("%s %q: %d %s", name, bad, r.Status, r.Body)
			}
		}
		for _, name := range []string{"name", "lastName"} {
			r := s.Do(t, request{Path: "/auth/register", Key: s.Publishable, Body: body("email", "eve@example.com", "password", goodPassword, name, bad)})
			if r.Status != 400 || field(t, r) != name {
				t.Errorf("%s %q at registration: %d %s", name, bad, r.Status, r.Body)
			}
		}
	}
	for _, name := range fields {
		s.Run(t, []kase{{Name: "a long " + name, Request: set(name, strings.Repeat("x", 129)), Status: 400, Has: []string{`"field":"` + name + `"`}}})
	}
	var cases []kase
	for _, date := range []string{"1815-02-30", "10.12.1815", "1815-12-10T00:00:00Z", "x", "99999-01-01", "-001-01-01"} {
		cases = append(cases, kase{Name: "born " + date, Request: set("birthDate", date), Status: 400, Has: []string{`"field":"birthDate"`}})
	}
	s.Run(t, append(cases,
		kase{Name: "a long bio", Request: set("bio", strings.Repeat("x", 501)), Status: 400, Has: []string{`"field":"bio"`}},
		kase{Name: "nothing changed", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200, Has: []string{`"name":""`, `"bio":""`, `"birthDate":""`}},
		kase{Name: "markup is text", Request: set("name", `<img src=x onerror="alert(1)">{{.Token}}`), Status: 200, Never: []string{"<img"}},
		kase{Name: "all of Unicode", Request: set("displayName", "Ада Ло́влейс 👩🏽 عادا"), Status: 200},
		kase{Name: "lines", Request: set("bio", "one\ntwo"), Status: 200},
	))
}
