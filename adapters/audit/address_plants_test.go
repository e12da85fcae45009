package audit

// anotherAccount adds an account to the project of the world's own, current from an instant on.
var anotherAccount = `DROP INDEX receiving_current; INSERT INTO receiving_accounts
	SELECT '` + id(777) + `', merchant_id, project_id, network, asset, 'TElsewhere', '',
		created_at, `

var addressPlants = []plant{
	by("payers are sent to an address before its time", "UPDATE receiving_accounts SET active_from ="+
		" active_from + interval '100 days'", ruleAddress),
	by("two accounts are current at once", anotherAccount+"NULL, active_from FROM receiving_accounts",
		"address-current"),
	by("a change comes before its time", "UPDATE receiving_accounts SET removed_at = created_at + interval '90 days';"+
		anotherAccount+"NULL, removed_at - interval '1 second' FROM receiving_accounts", "address-current"),
	by("a test endpoint is told of an address", "UPDATE webhook_events SET mode = 'test'"+
		" WHERE id = 'evt_address'", "address-told"),
	by("an address of another project is told", "UPDATE webhook_events SET body = '{}' WHERE id = 'evt_address'",
		"address-told"),
}
