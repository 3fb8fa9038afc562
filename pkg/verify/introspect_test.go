package verify_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

const (
	alive = `{"active":true,"sub":"u1"}`
	ended = `{"active":false}`
)

func (i *issuer) wantsAsked(t *testing.T, want int32) {
	t.Helper()
	if got := i.asked.Load(); got != want {
		t.Errorf("the issuer was asked %d times, want %d", got, want)
	}
}

func answers(t *testing.T, v *verify.Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestAnAnswerIsUsedForSoLong(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t, verify.WithIntrospection("sk_test", 30*time.Second))
	good, other := i.token(t), i.token(t)
	i.answer(says(http.StatusOK, alive))
	for range 3 {
		answers(t, v, good, nil)
	}
	i.wantsAsked(t, 1)
	i.answer(says(http.StatusOK, ended))
	i.advance(30*time.Second - 1)
	answers(t, v, good, nil)
	answers(t, v, other, verify.ErrSignedOut) // a question of its own
	i.wantsAsked(t, 2)
	i.advance(1)
	for range 3 {
		answers(t, v, good, verify.ErrSignedOut)
	}
	i.wantsAsked(t, 3)
}

func TestTheQuestionIsThatOfTheRFC(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t, verify.WithIntrospection("sk_test", 0))
	good := i.token(t)
	i.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("token") != good || len(r.PostForm) != 1 || r.Header.Get("X-Api-Key") != "sk_test" ||
			r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" || len(r.Header["Idempotency-Key"]) != 0 {
			t.Errorf("asked with %v and %v", r.Header, r.PostForm)
		}
		says(http.StatusOK, alive)(w, r)
	})
	answers(t, v, good, nil)
	answers(t, v, strange(good), verify.ErrInvalid) // nothing is asked about a token that is none
	i.wantsAsked(t, 1)
	answers(t, v, good, nil)
	i.wantsAsked(t, 2) // an age of 0 is a question each time
}

func TestWithoutAnAnswerNobodyIsLetThrough(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t, verify.WithIntrospection("sk_test", time.Minute))
	good := i.token(t)
	for name, h := range map[string]http.HandlerFunc{
		"the key is refused":         says(http.StatusUnauthorized, `{"code":"unauthenticated"}`),
		"the key lacks the scope":    says(http.StatusForbidden, alive),
		"the issuer is down":         says(http.StatusBadGateway, alive),
		"it says nothing":            says(http.StatusOK, ``),
		"it does not say active":     says(http.StatusOK, `{}`),
		"active is a text":           says(http.StatusOK, `{"active":"true"}`),
		"active comes twice":         says(http.StatusOK, `{"active":false,"active":true}`),
		"active is in another case":  says(http.StatusOK, `{"Active":true}`),
		"it sends us somewhere else": says(http.StatusTemporaryRedirect, alive, "Location", i.URL),
	} {
		i.answer(h)
		if _, err := v.Verify(t.Context(), good); !errors.Is(err, verify.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, err)
		}
	}
	i.answer(says(http.StatusOK, alive))
	answers(t, v, good, nil)
	i.down()
	answers(t, v, good, nil) // the answer is young enough
	i.advance(time.Minute + time.Second)
	answers(t, v, good, verify.ErrUnavailable)
}

func TestFiftyWithOneTokenAskOnce(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t, verify.WithIntrospection("sk_test", time.Minute))
	good, release := i.token(t), make(chan struct{})
	i.answer(func(w http.ResponseWriter, r *http.Request) {
		<-release
		says(http.StatusOK, alive)(w, r)
	})
	var begun, done sync.WaitGroup
	begun.Add(50)
	for range 50 {
		done.Go(func() {
			begun.Done()
			if _, err := v.Verify(t.Context(), good); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	close(release)
	done.Wait()
	i.wantsAsked(t, 1)
}

// TestAnAnswerToAnEarlierQuestionIsNotYoungEnough is about a user who signs out while somebody
// else's question is on its way, and about the request that comes after that.
func TestAnAnswerToAnEarlierQuestionIsNotYoungEnough(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(t, verify.WithIntrospection("sk_test", 0))
	good, arrived, release := i.token(t), make(chan struct{}), make(chan struct{})
	i.answer(func(w http.ResponseWriter, r *http.Request) {
		i.answer(says(http.StatusOK, ended)) // the user signs out behind this question
		close(arrived)
		<-release
		says(http.StatusOK, alive)(w, r)
	})
	var wg sync.WaitGroup
	wg.Go(func() { answers(t, v, good, nil) })
	<-arrived
	i.advance(time.Second)
	wg.Go(func() { answers(t, v, good, verify.ErrSignedOut) })
	close(release)
	wg.Wait()
}

func TestASignedOutSessionOfAWholeService(t *testing.T) {
	idp := idptest.Start(t)
	made := func(opts ...verify.Option) *verify.Verifier {
		v, err := verify.New(t.Context(), idp.URL, append(opts, verify.Audience(idp.Audience), verify.Clock(idp.Now))...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	offline, asking := made(), made(verify.WithIntrospection(idp.Secret, 10*time.Second))
	ada, bob := idp.User(t, "ada@example.com"), idp.User(t, "bob@example.com")
	for _, v := range []*verify.Verifier{offline, asking} {
		answers(t, v, ada.AccessToken, nil)
	}
	idp.SignOut(t, ada)
	answers(t, offline, ada.AccessToken, nil)
	idp.Advance(10*time.Second + time.Millisecond)
	answers(t, asking, ada.AccessToken, verify.ErrSignedOut)
	answers(t, asking, bob.AccessToken, nil)
	answers(t, asking, idp.Token(t, idptest.Claims{}), verify.ErrSignedOut) // it has no session
	idp.Advance(50 * time.Minute)
	answers(t, offline, ada.AccessToken, nil) // that is what offline verification cannot see
	idp.Advance(11 * time.Minute)
	answers(t, offline, ada.AccessToken, verify.ErrExpired)
}
