package app

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/pages"
)

// mountPages registers the hosted pages, in the operator's looks, and the pictures of accounts.
func (a *App) mountPages(r gin.IRoutes, kit *httpkit.Kit) error {
	brand := pages.Brand{Name: a.Config.BrandName, Color: a.Config.BrandColor}
	if path := a.Config.BrandLogo; path != "" {
		var err error
		if brand.Logo, err = pages.ReadLogo(path); err != nil {
			return fmt.Errorf("read GATEHOUSE_BRAND_LOGO: %w", err)
		}
	}
	(&pages.Pictures{Service: a.Pictures}).Mount(r, kit)
	return (&pages.Handler{
		Signin: a.Signin, Accounts: a.Accounts, Handoffs: a.Handoffs, Social: a.Social, Brand: brand,
		Secure: a.https(),
	}).Mount(r, kit)
}
