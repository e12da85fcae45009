package member

import (
	"slices"
	"testing"
)

// The table, written a second time by hand: o, d, a, v for who has a right.
func TestWhoMayDoWhat(t *testing.T) {
	want := map[Right]string{
		ReadMoney: "odav", ReadSetup: "odav", ReadSecrets: "od", ReadAudit: "o", Export: "oa",
		DecideQueue: "oa", TestMode: "od", ManageKeys: "od", ManageWebhooks: "od", ManageResources: "od",
		ManageProjects: "od", ManageAccounts: "o", ManageKYC: "o", ManageTeam: "o",
	}
	for _, right := range AllRights() {
		has := ""
		for _, role := range Roles() {
			if role.May(right) {
				has += role.String()[:1]
			}
		}
		if want[right] != has {
			t.Errorf("%s: %q have it, want %q", right, has, want[right])
		}
	}
	if len(want) != len(AllRights()) {
		t.Errorf("%d rights are declared, %d expected", len(AllRights()), len(want))
	}
	if Role(0).May(ReadMoney) || Role(9).May(ReadMoney) {
		t.Error("what is no role has a right")
	}
}

func TestEveryRoleAndRightHasItsOwnName(t *testing.T) {
	var names []string
	for _, right := range AllRights() {
		names = append(names, right.String())
	}
	for _, role := range Roles() {
		names = append(names, role.String())
		if got, err := ParseRole(role.String()); got != role || err != nil {
			t.Errorf("%s reads back as %s, %v", role, got, err)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) || slices.Contains(names, "???") {
		t.Errorf("names are missing or used twice: %v", names)
	}
	for _, text := range []string{"", "Owner", "admin", "???"} {
		if _, err := ParseRole(text); err == nil {
			t.Errorf("%q is read as a role", text)
		}
	}
}
