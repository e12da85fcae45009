package audit

import (
	"context"

	"github.com/101pay/101pay/domain/chain"
)

// ruleAddress: payers are sent to an address that was the merchant's own at that time, or to the one
// the sandbox has for a test project. The address is the money: no rule matters more.
const ruleAddress = "intent-address"

// foreignQuery selects intents at an address that was not their project's receiving account. In test
// mode any account of the asset serves, because the sandbox stands in for its network. The minutes are
// for an account changed, or removed, while an intent was being issued. An address of a payment's own is
// of a source of the project.
const foreignQuery = `
	SELECT i.id::text, i.project_id::text, i.network, i.address,
		CASE i.matching WHEN 'dedicated' THEN i.session_id::text ELSE '' END
	FROM intents i
	WHERE NOT (i.matching = 'dedicated' AND EXISTS (
		SELECT FROM dedicated_addresses d JOIN address_sources s ON s.id = d.source_id
		WHERE s.project_id = i.project_id AND d.address = i.address
			AND d.family = CASE i.network WHEN 'tron' THEN 'tron' ELSE 'evm' END
			AND s.active_from <= i.created_at + interval '1 minute'))
	AND NOT EXISTS (
		SELECT FROM receiving_accounts r
		WHERE i.matching = 'shared' AND r.project_id = i.project_id AND r.asset = i.symbol AND r.address = i.address
			AND i.network IN (r.network, 'sandbox')
			AND r.active_from <= i.created_at + interval '1 minute'
			AND (r.removed_at IS NULL OR r.removed_at >= i.created_at - interval '1 minute'))`

// addressRules hold receiving accounts against each other.
var addressRules = []rule{
	{
		name:    "address-current",
		checked: `SELECT count(*) FROM receiving_accounts`,
		// At no moment are two accounts of a project current for one network and asset: a change takes
		// the place of what it replaces, no sooner and no later.
		broken: `
			SELECT a.id::text, 'it is current while ' || b.id || ' is'
			FROM receiving_accounts a JOIN receiving_accounts b
				ON (b.project_id, b.network, b.asset) = (a.project_id, a.network, a.asset) AND b.id > a.id
			WHERE tstzrange(a.active_from, CASE WHEN a.removed_at < a.active_from THEN a.active_from ELSE a.removed_at END)
				&& tstzrange(b.active_from, CASE WHEN b.removed_at < b.active_from THEN b.active_from ELSE b.removed_at END)`,
	},
	{
		name:    "address-told",
		checked: `SELECT count(*) FROM webhook_events WHERE type LIKE 'receiving_account.%'`,
		// What was told of a receiving account was told of one that is there, to live endpoints.
		broken: `
			SELECT e.id, e.type || ' in mode ' || e.mode || ' tells of no account of its project'
			FROM webhook_events e
			WHERE e.type LIKE 'receiving_account.%' AND (e.mode <> 'live' OR NOT EXISTS (
				SELECT FROM receiving_accounts r WHERE r.project_id = e.project_id
					AND r.id::text = convert_from(e.body, 'UTF8')::json #>> '{data,receivingAccount,id}'))`,
	},
}

// addresses judges ruleAddress. The sandbox's own addresses are computed, not looked up.
func (a *auditor) addresses(ctx context.Context) error {
	line := a.line(ruleAddress)
	if err := a.tx.QueryRow(ctx, "SELECT count(*) FROM intents").Scan(&line.Checked); err != nil {
		return err
	}
	rows, err := a.tx.Query(ctx, foreignQuery)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, project, network, address, session string
		if err := rows.Scan(&id, &project, &network, &address, &session); err != nil {
			return err
		}
		own := chain.SandboxAddress("project " + project)
		if session != "" {
			own = chain.SandboxAddress("session " + session)
		}
		if network == string(chain.Sandbox) && address == string(own) {
			continue
		}
		a.broken(Violation{
			Rule: ruleAddress, Subject: id,
			Detail: "it sends payers to " + address + ", which is no address of project " + project,
		})
	}
	return rows.Err()
}
