package flowless

import (
	"maps"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// profileMembers are what users say of themselves, in every request that takes it.
type profileMembers struct {
	Name          *string `json:"name"`
	LastName      *string `json:"lastName"`
	DisplayName   *string `json:"displayName"`
	Phone         *string `json:"phone"`
	Mobile        *string `json:"mobile"`
	BirthDate     *string `json:"dob"`
	Gender        *string `json:"gender"`
	TimeZone      *string `json:"tmz"`
	Bio           *string `json:"bio"`
	ReferenceID   *string `json:"referenceId"`
	RecoveryEmail *string `json:"recoveryEmail"`
	Language      *string `json:"lang"`
}

func (m profileMembers) profile() account.ProfileChange {
	return account.ProfileChange{
		Name: m.Name, LastName: m.LastName, DisplayName: m.DisplayName, Phone: m.Phone, Mobile: m.Mobile,
		BirthDate: m.BirthDate, Gender: m.Gender, TimeZone: m.TimeZone, Bio: m.Bio, ReferenceID: m.ReferenceID,
		RecoveryEmail: m.RecoveryEmail, Language: m.Language,
	}
}

// meaning is what a request does with members that only some requests heed.
type meaning int

const (
	invitation meaning = iota // it takes an invitation code
	verified                  // it takes whether the address is verified, and the user type
)

// profileNames are the spellings of a request with profileMembers. Clients send back whole users
// whom they have read: what a request does not heed of them is read past, so that nobody becomes
// an administrator, or verified, by asking.
func profileNames(heeds ...meaning) httpkit.Spellings {
	s := httpkit.Spellings{
		Same: map[string]string{
			"last_name": "lastName", "user_name": "userName", "username": "userName", "display_name": "displayName",
			"reference_id": "referenceId", "recovery_email": "recoveryEmail", "device_id": "deviceId",
			"current_password": "currentPassword",
		},
		Services: map[string]string{"dob": "birthDate", "tmz": "timeZone"},
		Ignored: []string{
			"id", "picture", "two_factor", "twoFactor", "created_at", "createdAt", "updated_at", "updatedAt",
		},
	}
	heeded := map[meaning]bool{}
	for _, m := range heeds {
		heeded[m] = true
	}
	if heeded[invitation] {
		s.Same["invitation_code"] = "invitationCode"
	}
	if heeded[verified] {
		maps.Copy(s.Same, map[string]string{"user_type": "userType", "is_verified": "isVerified"})
	} else {
		s.Ignored = append(s.Ignored, "user_type", "userType", "is_verified", "isVerified")
	}
	return s
}
