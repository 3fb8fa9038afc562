package letter

// provider returns what people call an identity provider that the configuration has under a name.
func provider(name string) string {
	switch name {
	case "google":
		return "Google"
	case "microsoft":
		return "Microsoft"
	case "apple":
		return "Apple"
	case "github":
		return "GitHub"
	case "facebook":
		return "Facebook"
	case "discord":
		return "Discord"
	default:
		return name
	}
}
