package social

import (
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// maxFlows is how many flows one browser can have open at once, in several tabs. A further one
// replaces one of them, so that nobody can fill a browser with cookies.
const maxFlows = 8

// Cookie is a cookie that binds a flow to its browser. It goes out with HttpOnly, SameSite=Lax,
// Path=/ and, where the service is reached by https, Secure; its name has the prefix __Host- there
// (RFC 6265bis section 4.1.3.2).
type Cookie struct {
	Name, Value string
	MaxAge      time.Duration // zero removes it
}

// Cookies are the cookies that a browser sends, by name, without those that came twice: of two,
// one is not ours.
type Cookies map[string]string

func (s *Service) cookieName(name string) string {
	if strings.HasPrefix(s.PublicURL, "https://") {
		return "__Host-gatehouse_" + name
	}
	return "gatehouse_" + name
}

func (s *Service) flowCookie(slot int) string { return s.cookieName("social_" + strconv.Itoa(slot)) }

// freeSlot returns a slot in which the browser has no cookie, or any if it has none free. It is
// chosen at random so that two tabs that begin at the same moment hardly meet.
func (s *Service) freeSlot(held Cookies) int {
	var free []int
	for slot := range maxFlows {
		if _, taken := held[s.flowCookie(slot)]; !taken {
			free = append(free, slot)
		}
	}
	if len(free) == 0 {
		return pick(maxFlows)
	}
	return free[pick(len(free))]
}

func pick(n int) int {
	i, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // never fails
	return int(i.Int64())
}

// bind returns a fresh secret for a browser and what commits to it without giving it away.
func bind() (secret, binding string) {
	secret = opaque.Random(opaque.SecretLength)
	return secret, hashed(secret)
}

// bound reports whether the browser has the secret that binding commits to.
func bound(binding, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(binding), []byte(hashed(secret))) == 1
}
