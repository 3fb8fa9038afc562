package config

// Social is one identity provider that people may sign in with: GATEHOUSE_SOCIAL_<NAME>_<PART>.
type Social struct {
	Name            string // in lower case
	ClientID        string
	ClientSecret    Secret
	Scopes          []string
	Issuer          string
	AuthURL         string
	TokenURL        string
	UserinfoURL     string
	TokenInfoURL    string
	TeamID          string
	KeyID           string
	MobileClientIDs []string
}
