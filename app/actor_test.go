package app_test

import (
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
)

func TestAnActorNeedsHisRoleAndAFreshProof(t *testing.T) {
	proven := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	a := app.Actor{Member: "m", Role: member.Accountant, Proven: proven}
	if err := a.Require(member.ReadMoney); err != nil {
		t.Errorf("an accountant may not read money: %v", err)
	}
	if err := a.Require(member.ReadSecrets); !errors.Is(err, app.ErrRoleForbidden) {
		t.Errorf("an accountant reads secrets: %v", err)
	}
	if err := (app.Actor{Role: member.Owner}).Require(member.ReadMoney); !errors.Is(err, app.ErrRoleForbidden) {
		t.Errorf("nobody has a right: %v", err)
	}
	if err := a.Fresh(proven.Add(app.FreshFor)); err != nil {
		t.Errorf("a proof of ten minutes ago is old: %v", err)
	}
	for name, at := range map[string]app.Actor{"old": a, "none": {Member: "m", Role: member.Owner}} {
		if err := at.Fresh(proven.Add(app.FreshFor + 1)); !errors.Is(err, app.ErrReauthRequired) {
			t.Errorf("%s proof is fresh: %v", name, err)
		}
	}
}
