package app

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/courier"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/file"
	"github.com/gatehouse-id/gatehouse/pkg/mail/inbox"
	"github.com/gatehouse-id/gatehouse/pkg/mail/letter"
	"github.com/gatehouse-id/gatehouse/pkg/mail/maillog"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtp"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
)

// buildCourier lets the relay send mails. A command beside a server sends none that would only
// be logged: they wait for the server, which may have somewhere to put them.
func (a *App) buildCourier(master masterkey.Key, opts Options) error {
	cfg := a.Config
	a.Relay.OneByOne = map[identity.ConsequenceKind]bool{mail.ConsequenceKind: true, account.RequestKind: true, signin.InvitationKind: true}
	writer, err := letter.Open(cfg.MailTemplates, letter.Brand{Name: cfg.BrandName, Color: cfg.BrandColor}, cfg.Sender())
	if err != nil {
		return err
	}
	sender := opts.Mail
	if sender == nil {
		if !opts.Exclusive && cfg.Carrier().By == config.ByLog {
			return nil
		}
		if sender, err = a.carrier(); err != nil {
			return err
		}
	}
	budgets := recipientLimits(cfg)
	c := &courier.Courier{
		Outbox: mail.Outbox{Master: master}, Words: writer, Sender: sender, Guard: a.guard, Often: budgets[0], Daily: budgets[1],
		Alarms: policy("mail_alarm_a_day", cfg.LimitMailDay), Now: a.Now, Log: a.Log,
		Observe: func(kind mail.Kind, outcome courier.Outcome) { a.metrics.mail(string(kind), string(outcome)) },
	}
	a.Relay.Handlers[mail.ConsequenceKind] = c.CarryOut
	return nil
}

// carrier returns what the configuration says takes mails away.
func (a *App) carrier() (mail.Sender, error) {
	switch by := a.Config.Carrier(); by.By {
	case config.ByInbox:
		a.inbox = &inbox.Inbox{}
		return a.inbox, nil
	case config.ByFile:
		return file.Open(by.Dir)
	case config.BySMTP:
		return &smtp.Sender{
			Host: by.Host, Port: by.Port, User: by.User, Password: by.Password.Reveal(), Security: smtp.Security(by.TLS), Now: a.Now,
		}, nil
	default:
		return &maillog.Sender{Log: a.Log}, nil
	}
}
