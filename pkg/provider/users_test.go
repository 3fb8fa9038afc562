package provider_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
)

// TestWhatPlainProvidersSayOfUsers: they leave out what a user has not set, or put something in its
// place.
func TestWhatPlainProvidersSayOfUsers(t *testing.T) {
	type said = map[string]any
	const picture = "https://pictures.example.com/1.png"
	face := func(silhouette bool) said { return said{"data": said{"url": picture, "is_silhouette": silhouette}} }
	for _, c := range []struct {
		name, provider, path string
		says                 said
		want                 identity.Assertion
		err                  error
	}{
		{"no name", "github", "/user", said{"id": 7, "login": "octocat", "name": nil}, identity.Assertion{Subject: "7", Name: "octocat"}, nil},
		{"a name", "github", "/user", said{"id": 7, "login": "octocat", "name": "Mona"}, identity.Assertion{Subject: "7", Name: "Mona"}, nil},
		{"nobody", "github", "/user", said{"login": "octocat"}, identity.Assertion{}, provider.ErrUnavailable},
		{"an id below all", "github", "/user", said{"id": -7, "login": "octocat"}, identity.Assertion{}, provider.ErrUnavailable},

		{"no name to show", "discord", "/users/@me", said{"id": "7", "username": "nelly", "global_name": nil, "avatar": nil}, identity.Assertion{Subject: "7", Name: "nelly"}, nil},
		{"a name to show", "discord", "/users/@me", said{"id": "7", "username": "nelly", "global_name": "Nelly"}, identity.Assertion{Subject: "7", Name: "Nelly"}, nil},
		{"an address that is not verified", "discord", "/users/@me", said{"id": "7", "email": "n@example.com"}, identity.Assertion{Subject: "7", Email: "n@example.com"}, nil},
		{"nobody", "discord", "/users/@me", said{"username": "nelly"}, identity.Assertion{}, provider.ErrUnavailable},

		{"a picture", "facebook", "/me", said{"id": "7", "picture": face(false)}, identity.Assertion{Subject: "7", Picture: picture}, nil},
		{"a silhouette", "facebook", "/me", said{"id": "7", "picture": face(true)}, identity.Assertion{Subject: "7"}, nil},
		{"nobody", "facebook", "/me", said{"name": "Jane"}, identity.Assertion{}, provider.ErrUnavailable},
	} {
		t.Run(c.provider+": "+c.name, func(t *testing.T) {
			p, there, _ := start(t, c.provider)
			there.Answer("/user/emails", answer(http.StatusNotFound, said{}))
			there.Answer(c.path, answer(http.StatusOK, c.says))
			got, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
			if c.err != nil {
				wants(t, err, c.err)
				return
			}
			c.want.Provider = c.provider
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v, (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestGitHubBlamesUsWithStatus200(t *testing.T) {
	for problem, want := range map[string]error{
		"incorrect_client_credentials": provider.ErrUnavailable, "redirect_uri_mismatch": provider.ErrUnavailable, "bad_verification_code": provider.ErrRejected,
	} {
		p, there, _ := start(t, "github")
		there.Answer("/token", answer(http.StatusOK, map[string]string{"error": problem}))
		_, err := p.Exchange(t.Context(), code(t, p, there, authorization()), authorization())
		if wants(t, err, want); t.Failed() {
			t.Fatal(problem)
		}
	}
}
