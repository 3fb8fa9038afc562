package main_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

func TestMailsSurviveTheirServerAndTheMailServer(t *testing.T) {
	t.Run("on SQLite", func(t *testing.T) { surviving(t, "") })
	t.Run("on MongoDB", func(t *testing.T) {
		surviving(t, mongotest.URI(t), "GATEHOUSE_MONGO_STANDALONE="+strconv.FormatBool(mongotest.Standalone(t)))
	})
}

// surviving asks for mails while the mail server is down, kills the server in the moment it has
// answered, and expects every mail once after both are back.
func surviving(t *testing.T, store string, env ...string) {
	t.Helper()
	down := smtptest.Start(t, smtptest.Options{})
	address := down.Address()
	down.Stop()
	s := newSite(t, store, append(env, "GATEHOUSE_MAIL=smtp://"+address+"?tls=none")...)
	s.openUp(t)
	n := s.serve(t)
	const people = 10
	began := time.Now()
	for i := range people {
		n.Register(t, fmt.Sprintf("person%d@example.com", i), goodPassword)
		r := n.Do(t, request{Path: "/auth/forgotPassword", Body: dialecttest.JSON(map[string]string{"email": fmt.Sprintf("person%d@example.com", i)})})
		if r.Status != 202 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
	}
	t.Logf("%d requests answered in %s while the mail server is away", 2*people, time.Since(began).Round(time.Millisecond))
	n.kill()

	up := smtptest.Start(t, smtptest.Options{Address: address})
	again := s.serve(t)
	poll(t, 2*patience, "every mail arrives", func() bool { return len(up.Received()) >= 2*people })
	again.terminate(t)
	if code := again.wait(t); code != 0 { // it carries out what is due before it ends
		t.Errorf("exit code %d", code)
	}
	got := map[string]int{}
	for _, d := range up.Received() {
		got[d.To[0]]++
	}
	for to, mails := range got {
		if mails != 2 {
			t.Errorf("%s got %d mails, want a verification and a reset", to, mails)
		}
	}
	if len(got) != people {
		t.Errorf("%d people got mails", len(got))
	}
}
