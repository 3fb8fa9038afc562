package password_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

func TestGoodPasswordsAreAccepted(t *testing.T) {
	about := []string{"ada.lovelace@example.com", "Ada", "Lovelace", "Ada Lovelace", ""}
	for _, p := range []string{
		"fooandbar", "SecurePass123!", "NewSecurePass123!", "NewSecurePass456!", "OldPassword123!", "NewPassword456!", "SecurePassword123!",
		"correct horse battery staple", "Tr0ub4dour&3x", "gatehouse keepers drink tea", "ada likes trains", "a1b2c3d4e5f6g7",
		"пароль-из-слов", "密码密码很安全吗", "🦊🦉🐢🐙🦀🐝🦋🐌", "abc\x00def-xyz", "  spaces around  ", "uncommonly", "xkcd-936-fan",
		strings.Repeat("0123456789abcdef", 8),            // 128, and no short sequence
		strings.Repeat("Ω", 127) + "x",                   // 128 code points, 255 bytes
		strings.Repeat("\U0001f98a", 127) + "\U0001f989", // 128 code points, 512 bytes
		"z\u0308xcvw\u0301qp\u0302k",
	} {
		if err := password.Check("password", p, about...); err != nil {
			t.Errorf("Check(%q) = %v", p, err)
		}
	}
}

func TestWeakPasswordsAreRefusedWithTheReason(t *testing.T) {
	about := []string{"ada.lovelace+news@example.com", "Ada Lovelace", "Countess", "kate1984@example.org", "grace.hopper+list@example.net", "ΟΔΥΣΣΕΥΣ", "jo"}
	for _, c := range []struct {
		reason    string
		passwords []string
	}{
		{"too short", []string{"", "a", "Xk3&zuv", "e\u0301e\u0301e\u0301e\u0301", "🦊🦉🐢🐙🦀🐝🦋"}},
		{"spaces", []string{"        ", " \t\u00a0\u3000     ", strings.Repeat(" ", 128)}},
		{"one character", []string{"aaaaaaaa", "AaAaAaAa", "11111111", "........", "ωωωωωωωω", "🦊🦊🦊🦊🦊🦊🦊🦊", strings.Repeat("x", 128)}},
		{"keyboard", []string{
			"12345678", "87654321", "0123456789", "1234567890123456", "abcdefgh", "zyxwvuts", "QWERTYUIOP", "poiuytrewq", "asdfghjkl;",
			"qwerty123456", "1234qwer", "qweasdzxc", "1qaz2wsx3edc", "aaaabbbb", "11112222", "abc123xyz", "20242025", "!@#$%^&*", "azertyuiop",
		}},
		{"most used", []string{"trustno1", "TRUSTNO1", "Liverpool", "m1ch3ll3", "superman", "$uperm@n", "ｓｕｐｅｒｍａｎ", " superman ", "super-man", "passwordpassword", "newpassword"}},
		{"common word", []string{
			"Password12345678", "password1234567890", "Password123!", "P@ssw0rd2024!", "p4ssw0rd1!", "PASSWORD73", "welcome2025", "Dragon1111",
			"letmein!!!", "123admin123", "Summer2024", "summer-2024", "Passwort1!", "monkey123321", "adminadmin1", "January1990!", "Hello!@#$%",
		}},
		{"your name", []string{
			"gatehouse", "GateHouse1", "g4teh0use", "Gatehouse2024!", "gatehousegatehouse",
			"ada.lovelace+news@example.com", "ADA.Lovelace", "adalovelace", "Ada Lovelace", "lovelace123", "countess4", "Countess77", "kate1984", "KATE1984!", "Ada12345", "grace.hopper1", "GraceHopper!", "οδυσσευς",
		}},
	} {
		for _, p := range c.passwords {
			err := password.Check("newPassword", p, about...)
			f := fault.From(err)
			if err == nil || f.Kind != fault.Unprocessable || f.Code != "weak_password" || !strings.Contains(f.Msg, c.reason) {
				t.Errorf("Check(%q) = %v; want weak_password because of %q", p, err, c.reason)
				continue
			}
			want := []fault.Field{{Field: "newPassword", Code: "weak_password", Message: f.Msg}}
			if diff := cmp.Diff(want, f.Fields); diff != "" {
				t.Errorf("Check(%q): fields (-want +got)\n%s", p, diff)
			}
		}
	}
}

func TestImpossiblePasswordsAreInvalidInput(t *testing.T) {
	for _, c := range []struct{ name, password, code string }{
		{"129 characters", strings.Repeat("ab", 64) + "c", "too_long"},
		{"129 characters that are more before normalisation", strings.Repeat("e\u0301o", 64) + "c", "too_long"},
		{"513 bytes that are 57 characters", strings.Repeat("\u1112\u1161\u11ab", 57), "too_long"},
		{"10 MB", strings.Repeat("e\u0301", 10<<20/3), "too_long"},
		{"bytes that are no text", "\xff\xfe-password-\x80", "invalid"},
		{"half a character at the end", "correct horse \xe4\xb8", "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fault.From(password.Check("password", c.password))
			if f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Field != "password" || f.Fields[0].Code != c.code {
				t.Errorf("Check = %#v; want an Invalid fault with %s", f, c.code)
			}
		})
	}
}

func TestLengthIsCountedAfterNormalisation(t *testing.T) {
	for name, p := range map[string]string{
		"128 characters in 192 code points": strings.Repeat("e\u0301o", 64),
		"64 characters in 512 bytes":        strings.Repeat("\u1112\u1161\u11ab", 56) + "12849302",
	} {
		if err := password.Check("password", p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALongPasswordCostsNothing(t *testing.T) {
	long := strings.Repeat("e\u0301", 10<<20/3)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := password.Check("password", long); err == nil {
		t.Error("10 MB were accepted")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes allocated: the text was copied", n)
	}
}

func TestWhatIsKnownOfTheUserMayBeAnything(t *testing.T) {
	about := []string{"", "@", "+", " ", "@@@", strings.Repeat("x@", 1<<20), "\xff", "...", "12345"}
	if err := password.Check("password", "correct horse battery", about...); err != nil {
		t.Errorf("Check = %v", err)
	}
}
