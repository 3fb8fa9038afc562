package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
)

// pictures are the routes of the picture that shows the user.
func (h *Handler) pictures() []httpkit.Route {
	upload := func(path string) httpkit.Route {
		return httpkit.Route{Method: post, Path: path, Access: user, Limit: h.Limits.Upload, MaxBody: picture.MaxUpload, Handle: httpkit.File("picture", h.setPicture)}
	}
	return []httpkit.Route{
		upload("/auth/upload/picture"),
		upload("/auth/upload-picture"),
		{Method: del, Path: "/auth/upload/picture", Access: user, Handle: h.removePicture},
	}
}

func (h *Handler) setPicture(c *httpkit.Call, data []byte) (httpkit.Reply, error) {
	p, err := h.Pictures.Set(c.Context, c.Actor, data)
	if err != nil {
		return httpkit.Reply{}, err
	}
	stored := body{
		"picture_url": p.URL, "file_size": p.Size, "original_size": p.Original,
		"compression_ratio": float64(p.Size) / float64(p.Original), "method": p.Method,
	}
	return ok(with(stored, body{
		"success": true, "data": stored, "message": "Picture uploaded successfully", "timestamp": h.Now(),
	}))
}

func (h *Handler) removePicture(c *httpkit.Call) (httpkit.Reply, error) {
	if err := h.Pictures.Remove(c.Context, c.Actor); err != nil {
		return httpkit.Reply{}, err
	}
	return message("Picture deleted successfully")
}
