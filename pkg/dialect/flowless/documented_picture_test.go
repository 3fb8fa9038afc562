package flowless_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// pictures are the exchanges of both references that have to do with them.
func pictures() []exchange {
	return []exchange{
		{
			name: "a picture", pass: "SecurePass123!",
			ask: `POST /auth/upload/picture
X-Session-ID: ses_xyz789
Content-Type: multipart/form-data

picture: [File]`,
			answer: `{
  "success": true,
  "data": {
    "picture_url": "https://storage.pubflow.com/users/usr_abc123/picture.jpg",
    "file_size": 245678,
    "original_size": 512000,
    "compression_ratio": 0.48,
    "method": "cloud_config"
  },
  "message": "Picture uploaded successfully",
  "timestamp": "2025-12-07T11:00:00Z"
}`,
			then: func(t *testing.T, w *world, r dialecttest.Response) {
				var a struct {
					Data struct {
						URL      string  `json:"picture_url"`
						Size     float64 `json:"file_size"`
						Original float64 `json:"original_size"`
						Ratio    float64 `json:"compression_ratio"`
					}
				}
				r.JSON(t, &a)
				served := len(picture(t, w.Server, a.Data.URL).Body)
				if ratio := a.Data.Size / a.Data.Original; a.Data.Original != float64(len(photo(t))) || a.Data.Size != float64(served) || a.Data.Ratio < ratio-.011 || a.Data.Ratio > ratio+.011 {
					t.Errorf("the sizes are wrong, %d are served of %d: %s", served, len(photo(t)), r.Body)
				}
			},
		},
		{
			name: "a picture that is deleted", pass: "SecurePass123!", given: hasPicture,
			ask: `DELETE /auth/upload/picture
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "message": "Picture deleted successfully"
}`,
			then: func(t *testing.T, w *world, _ dialecttest.Response) {
				if r := w.Do(t, dialecttest.Request{Path: "/flowless/auth/me", ID: w.john.ID}); member(tree(t, r.Body), "user.picture") != nil {
					t.Errorf("there still is one: %s", r.Body)
				}
			},
		},
		{
			name: "upload-picture", pass: "SecurePass123!",
			ask: `POST /auth/upload-picture
X-Session-Id: ses_xyz789
Content-Type: multipart/form-data

picture: [File]`,
			answer: `{
  "success": true,
  "picture_url": "https://cdn.pubflow.com/users/usr_abc123/picture.jpg"
}`,
		},
		{
			name: "me, with a picture", pass: "SecurePassword123!", given: hasPictureAndPhone,
			ask: `GET /auth/me
X-Session-ID: ses_xyz789`,
			answer: `{
  "success": true,
  "data": {
    "id": "usr_1234567890",
    "email": "user@example.com",
    "name": "John",
    "last_name": "Doe",
    "username": "johndoe",
    "phone": "+1234567890",
    "picture": "https://example.com/avatar.jpg",
    "is_verified": true,
    "created_at": "2025-12-07T10:00:00Z"
  }
}`,
		},
	}
}

// hasPicture gives John a picture.
func hasPicture(t *testing.T, w *world) {
	t.Helper()
	r := w.Do(t, w.request(t, "POST /auth/upload-picture\nX-Session-Id: ses_xyz789\nContent-Type: multipart/form-data\n\npicture: [File]"))
	if r.Status != 200 || !strings.Contains(r.Body, "picture_url") {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
}

func hasPictureAndPhone(t *testing.T, w *world) {
	t.Helper()
	hasPicture(t, w)
	if r := w.Do(t, dialecttest.Request{Method: "PUT", Path: "/flowless/auth/profile", ID: w.john.ID, Body: `{"phone":"+1234567890"}`}); r.Status != 200 {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
}
