package letter

import (
	"regexp"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/locale"
)

// product matches the first word of a user agent that is no browser (RFC 9110 section
// 10.1.5). Letters and hyphens alone cannot make a link.
var product = regexp.MustCompile(`^[A-Za-z][A-Za-z-]{0,31}(?:[/ ]|$)`)

// device returns what people call the program behind a user agent, such as "Firefox on
// Windows"; nothing when it says nothing. Only words that are known or harmless come through.
func device(in locale.Locale, userAgent string) string {
	program, system := find(userAgent, programs()), find(userAgent, systems())
	switch {
	case program != "" && system != "":
		return in.Text("mail.device_program", "program", program, "system", system)
	case program != "" || system != "":
		return program + system
	}
	return strings.TrimRight(product.FindString(userAgent), "/ ")
}

// sign is what a user agent contains and what that means. The first that fits counts:
// browsers name their ancestors too.
type sign struct{ mark, meaning string }

func programs() []sign {
	return []sign{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
}

func systems() []sign {
	return []sign{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
}

func find(userAgent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(userAgent, s.mark) {
			return s.meaning
		}
	}
	return ""
}
