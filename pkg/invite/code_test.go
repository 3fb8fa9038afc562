package invite_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const ada = "ada@example.com"

// offer mails ada an invitation with a UUID and returns the invitation and the UUID.
func offer(t *testing.T, s *dialecttest.Server, id string) (identity.Invitation, string) {
	t.Helper()
	if err := s.App.Invites.Offer(t.Context(), dialecttest.Operator, id, invite.Offer{Email: ada, ReferralTokens: []string{"r1", "r2"}}); err != nil {
		t.Fatal(err)
	}
	return stored(t, s, id), s.MailedID(t, mail.Invitation, ada)
}

func stored(t *testing.T, s *dialecttest.Server, id string) identity.Invitation {
	t.Helper()
	inv, err := s.App.Store.Invitation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func newID() string { return opaque.Random(opaque.IDLength) }

func TestAnInvitationIsFoundByEitherFormOfCode(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{})
		if err != nil {
			t.Fatal(err)
		}
		offered, uuid := offer(t, s, newID())
		for code, want := range map[string]string{issued[0].Code: issued[0].ID, uuid: offered.ID, strings.ToUpper(uuid): offered.ID} {
			for range 2 { // looking is no use
				if inv, err := s.App.Invites.Peek(t.Context(), code); err != nil || inv.ID != want || inv.Left != 1 {
					t.Errorf("%s shows %+v, %v", code, inv, err)
				}
			}
		}
		for _, bad := range []string{
			"", "x", uuid + "0", uuid[1:], "iv_" + uuid, "{" + uuid + "}", strings.ReplaceAll(uuid, "-", ""), opaque.NewUUID(), offered.ID, strings.ToUpper(issued[0].Code),
			opaque.NewFor("iv", offered.ID).String(), strings.Replace(issued[0].Code, issued[0].ID, offered.ID, 1), fmt.Sprintf("%x", offered.CodeHash), string(offered.CodeHash),
		} {
			if _, err := s.App.Invites.Peek(t.Context(), bad); !errors.Is(err, invite.ErrInvalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if strings.Contains(fmt.Sprintf("%+v %x", offered, offered.CodeHash), uuid) {
			t.Error("the UUID is kept as it is")
		}
	})
}

// TestWhatACodeIsGoodForAndWhen reserves with codes that are not good any more.
func TestWhatACodeIsGoodForAndWhen(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		reserve := func(code, key string, want error) {
			t.Helper()
			if _, err := s.App.Invites.Reserve(t.Context(), code, key, newID()); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		_, uuid := offer(t, s, newID())
		reserve(uuid, "eve@example.com", invite.ErrInvalid)
		reserve(strings.ToUpper(uuid), ada, nil)
		reserve(uuid, ada, invite.ErrUsedUp)
		revoked, code := offer(t, s, newID())
		if err := s.App.Invites.Revoke(t.Context(), dialecttest.Operator, revoked.ID); err != nil {
			t.Fatal(err)
		}
		reserve(code, ada, invite.ErrInvalid)
		late, lateCode := offer(t, s, newID())
		if got := late.ExpiresAt.Sub(s.Clock.Now()); got != 72*time.Hour {
			t.Errorf("an offer is good for %s", got)
		}
		s.Clock.Advance(72*time.Hour - time.Millisecond)
		if _, err := s.App.Invites.Peek(t.Context(), lateCode); err != nil {
			t.Error(err)
		}
		s.Clock.Advance(time.Millisecond)
		reserve(lateCode, ada, invite.ErrExpired)
	})
}

// TestANewUUIDGoesToItsAddressAlone sends a mailed invitation again through the native dialect.
func TestANewUUIDGoesToItsAddressAlone(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		before, old := offer(t, s, newID())
		s.Clock.Advance(80 * time.Hour) // it is over by now
		r := s.Do(t, dialecttest.Request{Method: "POST", Path: "/auth/invitationCodes/" + before.ID + "/resend", Key: s.Secret})
		var shown map[string]any
		r.JSON(t, &shown)
		_, hasCode := shown["code"]
		_, hasURL := shown["url"]
		if r.Status != 200 || hasCode || hasURL || shown["state"] != "pending" {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
		mails := s.Mails(t, mail.Invitation, ada)
		fresh := s.MailedID(t, mail.Invitation, ada)
		if len(mails) != 2 || fresh == old || strings.Contains(r.Body, fresh) || strings.Contains(s.Log.String(), fresh) {
			t.Errorf("%d mails, %s and then %s; the answer was %s", len(mails), old, fresh, r.Body)
		}
		if _, err := s.App.Invites.Peek(t.Context(), old); !errors.Is(err, invite.ErrInvalid) {
			t.Errorf("the old UUID: %v", err)
		}
		inv, err := s.App.Invites.Peek(t.Context(), fresh)
		if err != nil {
			t.Fatal(err)
		}
		want := before
		want.CodeHash, want.LastIssueAt, want.ExpiresAt = inv.CodeHash, s.Clock.Now(), s.Clock.Now().Add(72*time.Hour)
		if diff := cmp.Diff(want, inv); diff != "" {
			t.Errorf("the invitation (-want +got):\n%s", diff)
		}
		text, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{Email: ada})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.App.Invites.Reissue(t.Context(), dialecttest.Operator, text[0].ID)
		if err != nil || !strings.HasPrefix(again.Code, "iv_") || again.URL == "" {
			t.Errorf("one with a code of its own: %+v, %v", again, err)
		}
	})
}

func TestAnOfferThatIsMadeTwiceIsMadeOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		id := newID()
		first, uuid := offer(t, s, id)
		second, again := offer(t, s, id)
		if diff := cmp.Diff(first, second); diff != "" || uuid != again || len(s.Mails(t, mail.Invitation, ada)) != 1 {
			t.Errorf("%d mails, %s and %s; the invitation (-first +second):\n%s", len(s.Mails(t, mail.Invitation, ada)), uuid, again, diff)
		}
		want := identity.Invitation{
			ID: id, Form: identity.CodeUUID, CodeHash: first.CodeHash, Email: ada, EmailKey: ada, MaxUses: 1, Left: 1, Uses: first.Uses, UserType: identity.Customer,
			ReferralTokens: []string{"r1", "r2"}, CreatedBy: dialecttest.Operator.Name(), CreatedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(72 * time.Hour), LastIssueAt: s.Clock.Now(),
		}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Errorf("the invitation (-want +got):\n%s", diff)
		}
	})
}

func TestWhatCannotBeOffered(t *testing.T) {
	long := strings.Repeat("ü", 128)
	for name, c := range map[string]struct {
		offer  invite.Offer
		fields []string
	}{
		"an address":                 {invite.Offer{Email: "Ada@Example.COM"}, nil},
		"an address and tokens":      {invite.Offer{Email: ada, ReferralTokens: []string{"a", long, "<b>"}}, nil},
		"32 tokens":                  {invite.Offer{Email: ada, ReferralTokens: strings.Split(strings.Repeat("x,", 31)+"x", ",")}, nil},
		"nothing":                    {invite.Offer{}, []string{"email"}},
		"no address":                 {invite.Offer{Email: "ada"}, []string{"email"}},
		"two addresses":              {invite.Offer{Email: "a@example.com,b@example.com"}, []string{"email"}},
		"a header":                   {invite.Offer{Email: "a@example.com\r\nBcc: b@example.com"}, []string{"email"}},
		"33 tokens":                  {invite.Offer{Email: ada, ReferralTokens: strings.Split(strings.Repeat("x,", 32)+"x", ",")}, []string{"referral_tokens"}},
		"an empty token":             {invite.Offer{Email: ada, ReferralTokens: []string{"a", ""}}, []string{"referral_tokens"}},
		"a token that is too long":   {invite.Offer{Email: ada, ReferralTokens: []string{long + "x"}}, []string{"referral_tokens"}},
		"a token with a line break":  {invite.Offer{Email: ada, ReferralTokens: []string{"a\nb"}}, []string{"referral_tokens"}},
		"a token that is no UTF-8":   {invite.Offer{Email: ada, ReferralTokens: []string{"\xff"}}, []string{"referral_tokens"}},
		"neither address nor tokens": {invite.Offer{Email: "x", ReferralTokens: []string{""}}, []string{"email", "referral_tokens"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.offer.Check()
			var got []string
			if err != nil {
				for _, f := range fault.From(err).Fields {
					got = append(got, f.Field)
				}
			}
			if diff := cmp.Diff(c.fields, got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	if key, err := (invite.Offer{Email: "Ada@Example.COM"}).Check(); err != nil || key != ada {
		t.Errorf("got %q, %v", key, err)
	}
}
