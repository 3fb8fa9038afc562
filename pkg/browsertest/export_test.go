package browsertest

import "time"

// SetPatience bounds the steps of a tab.
func SetPatience(tab *Tab, d time.Duration) { tab.patience = d }
