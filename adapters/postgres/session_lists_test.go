package postgres_test

import (
	"testing"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// What cannot be read of one merchant's page is no matter of those who are answered by the same read.
func TestASpoiltPageSpoilsNoOther(t *testing.T) {
	dsn := migrated(t)
	s := open(t, dsn)
	spoilt, sound := portstest.OpenShop(t, world(s)), portstest.OpenShop(t, world(s))
	var asked []ports.SessionQuery
	for _, shop := range []portstest.Shop{spoilt, sound} {
		shop.AddSession(t, portstest.Epoch)
		asked = append(asked, ports.SessionQuery{
			Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test, Limit: 5,
		})
	}
	exec(t, connect(t, dsn), "UPDATE sessions SET metadata = '[1]' WHERE merchant_id = $1", string(spoilt.ID()))
	pages, failures, err := s.ListTogether(t.Context(), asked...)
	if err != nil {
		t.Fatal(err)
	}
	if failures[0] == nil || len(pages[0].Sessions) > 0 {
		t.Errorf("the spoilt page: %d sessions, %v", len(pages[0].Sessions), failures[0])
	}
	if failures[1] != nil || len(pages[1].Sessions) != 1 || pages[1].Sessions[0].MerchantID != sound.ID() {
		t.Errorf("the other page: %v, %v", pages[1], failures[1])
	}
	if _, err := s.List(t.Context(), asked[0]); err == nil {
		t.Error("the spoilt page is answered to who asks for it alone")
	}
}
