package letter

import (
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// samples returns messages of every kind in every language, with everything known and with
// nothing known, to try templates with.
func samples() []mail.Message {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var out []mail.Message
	for _, k := range mail.Kinds() {
		for _, l := range locale.All() {
			bare := mail.Message{Kind: k, To: "ada@example.com", Language: l.Tag(), Link: "https://id.example.com/"}
			full := bare
			full.Name, full.NewEmail, full.Provider, full.Address = "Ada Lovelace", "countess@example.com", "google", "192.0.2.1"
			full.Device = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
			full.At, full.Until = at, at.Add(time.Hour)
			out = append(out, bare, full)
		}
	}
	return out
}
