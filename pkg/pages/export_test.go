package pages

// What the brand's colours become.
var (
	Colors   = colors
	Contrast = contrast
	Wait     = wait
)

// DarkCard is the background that bright colours stand on.
const DarkCard = darkCard
