package graphql_test

import (
	"strings"
	"testing"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
)

// nodesOf are the objects of a list.
func nodesOf(list any) (out []map[string]any) {
	items, _ := list.([]any)
	for _, item := range items {
		out = append(out, item.(map[string]any))
	}
	return out
}

const (
	invite = `mutation($e: String!, $r: Role!) { inviteMember(email: $e, role: $r) {
		invitation { id email role createdAt expiresAt } link userErrors { code field } } }`
	changeRole = `mutation($m: ID!, $r: Role!) { changeRole(member: $m, role: $r) {
		member { id role seenAt totp passkeys } userErrors { code field } } }`
	removeMember = `mutation($m: ID!) { removeMember(id: $m) { removed userErrors { code } } }`
	readTeam     = `{ team { members { id email role seenAt totp passkeys } invitations { id email role } } }`
)

// A team grows by an invitation whose link is told once, changes, and never loses its last owner.
func TestTheTeamIsManaged(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	owner := s.as(member.Owner)
	a := w.asked(owner, invite, args{"e": "Bob@Shop.example", "r": "VIEWER"})
	link, _ := a.at("inviteMember", "link").(string)
	token, is := strings.CutPrefix(link, "https://pay.example/dashboard/invitations/")
	if !is || a.at("inviteMember", "invitation", "email") != "bob@shop.example" || a.at("inviteMember", "invitation", "role") != "VIEWER" {
		t.Fatalf("invited: %s", a.Body)
	}
	if strings.Contains(w.asked(owner, readTeam, nil).Body, token) {
		t.Error("the link is told again")
	}
	bob, err := w.api.Members.Accept(t.Context(), keys.NewSecret(token), password, app.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	for email, code := range map[string]string{"bob@shop.example": "email_taken", "nonsense": "invalid_email"} {
		if got := w.ask(owner, invite, args{"e": email, "r": "VIEWER"}).told("inviteMember"); got != code {
			t.Errorf("%s: told %q, want %q", email, got, code)
		}
	}
	id := string(bob.Actor.Member)
	a = w.asked(owner, changeRole, args{"m": id, "r": "ACCOUNTANT"})
	if a.at("changeRole", "member", "role") != "ACCOUNTANT" || a.at("changeRole", "member", "seenAt") == nil {
		t.Errorf("changed: %s", a.Body)
	}
	if _, err := w.signIn.Glance(t.Context(), bob.Token, app.Origin{}); err == nil {
		t.Error("he is signed in under his old role")
	}
	if a := w.ask(owner, changeRole, args{"m": id, "r": "KING"}); a.code() != "BAD_USER_INPUT" && a.code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("a role there is not: %s", a.Body)
	}
	for field, query := range map[string]string{"changeRole": changeRole, "removeMember": removeMember} {
		if got := w.ask(owner, query, args{"m": s.ids["owner"], "r": "VIEWER"}).told(field); got != "last_owner" {
			t.Errorf("%s of the last owner: told %q", field, got)
		}
	}
	before := len(nodesOf(w.asked(owner, readTeam, nil).at("team", "members")))
	w.asked(owner, removeMember, args{"m": id})
	after := nodesOf(w.asked(owner, readTeam, nil).at("team", "members"))
	if before != 5 || len(after) != 4 {
		t.Errorf("%d members, then %v", before, after)
	}
	for _, m := range after {
		if m["email"] == "bob@shop.example" || m["seenAt"] == nil {
			t.Errorf("left: %v", m)
		}
	}
	if a := w.ask(owner, removeMember, args{"m": id}); a.code() != "NOT_FOUND" {
		t.Errorf("removed twice: %s", a.Body)
	}
	withdraw := `mutation($id: ID!) { withdrawInvitation(id: $id) { removed userErrors { code } } }`
	w.asked(owner, withdraw, args{"id": s.ids["invitation"]})
	if a := w.ask(owner, withdraw, args{"id": s.ids["invitation"]}); a.code() != "NOT_FOUND" {
		t.Errorf("withdrawn twice: %s", a.Body)
	}
	if left := nodesOf(w.asked(owner, readTeam, nil).at("team", "invitations")); len(left) != 0 {
		t.Errorf("invited: %v", left)
	}
}

// The audit log tells who did what, whole and narrowed, and that it is as it was written.
func TestTheAuditLogIsRead(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	owner := s.as(member.Owner)
	w.asked(owner, removeMember, args{"m": s.ids["member"]})
	const query = `query($f: AuditFilter, $a: String) { auditLog(filter: $f, first: 2, after: $a) {
		intact nodes { id memberId by action subject before contentHash chainHash } edges { cursor }
		pageInfo { hasNextPage endCursor } } }`
	page := w.asked(owner, query, nil)
	last := nodesOf(page.at("auditLog", "nodes"))[0]
	if page.at("auditLog", "intact") != true || last["action"] != "member.removed" || last["by"] != "corner@shop.example" ||
		last["memberId"] != s.ids["owner"] || last["subject"] != s.ids["member"] || len(last["chainHash"].(string)) != 64 {
		t.Errorf("the log begins with %s", page.Body)
	}
	seen := 0
	for after := any(nil); ; {
		page := w.asked(owner, query, args{"f": args{"action": "member.joined"}, "a": after})
		for _, node := range nodesOf(page.at("auditLog", "nodes")) {
			if seen++; node["action"] != "member.joined" {
				t.Errorf("among joins: %v", node)
			}
		}
		after = page.at("auditLog", "pageInfo", "endCursor")
		if page.at("auditLog", "pageInfo", "hasNextPage") != true {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d joined", seen)
	}
	// A place in one selection is none in another.
	cursor := page.at("auditLog", "pageInfo", "endCursor")
	for _, filter := range []args{{"action": "member.joined"}, {"member": s.ids["owner"]}} {
		if a := w.ask(owner, query, args{"f": filter, "a": cursor}); a.code() != "BAD_USER_INPUT" {
			t.Errorf("%v took a cursor of all: %s", filter, a.Body)
		}
	}
}

// A member sees where he is signed in, and ends the others, and nobody else's.
func TestSessionsAreEnded(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	viewer := s.as(member.Viewer)
	list := func() []map[string]any {
		return nodesOf(w.asked(viewer, `{ sessions { id device ip seenAt expiresAt current } }`, nil).at("sessions"))
	}
	// He joined by one session and signed in twice.
	all := list()
	for _, one := range all {
		if one["current"] != (one["id"] == s.members[member.Viewer].Session) {
			t.Errorf("is this one the one that asks: %v", one)
		}
	}
	if len(all) != 3 {
		t.Fatalf("signed in at %v", all)
	}
	const end = `mutation($id: ID!) { endSession(id: $id) { removed userErrors { code } } }`
	for _, others := range []string{s.sessions[member.Owner], s.sessions[member.Developer]} {
		if a := w.ask(viewer, end, args{"id": others}); a.code() != "NOT_FOUND" {
			t.Errorf("a colleague's was ended: %s", a.Body)
		}
	}
	w.asked(viewer, end, args{"id": s.sessions[member.Viewer]})
	if left := list(); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
	w.asked(viewer, `mutation { endOtherSessions { removed userErrors { code } } }`, nil)
	if left := list(); len(left) != 1 || left[0]["current"] != true {
		t.Errorf("left: %v", left)
	}
}

// What an attempt sent and was answered is shown head and all, to whoever may see the event.
func TestAttemptsShowTheirHeads(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	a := w.asked(s.as(member.Viewer), `query($p: ID!, $id: ID!) { event(project: $p, mode: TEST, id: $id) { body deliveries {
		body attempts { requestHead { name value } answerHead { name value } answer } } } }`,
		args{"p": s.ids["project"], "id": s.ids["event"]})
	attempt := []any{"event", "deliveries", 0, "attempts", 0}
	at := func(path ...any) any { return a.at(append(attempt[:5:5], path...)...) }
	if at("requestHead", 0, "name") != "Webhook-Signature" || at("answerHead", 0, "value") != "r1" || at("answer") != "thanks" ||
		!strings.HasPrefix(at("requestHead", 0, "value").(string), "v1,") ||
		a.at("event", "deliveries", 0, "body") != a.at("event", "body") {
		t.Errorf("answered %s", a.Body)
	}
}
