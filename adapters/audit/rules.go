package audit

import (
	"context"
	"slices"
)

// rule is a statement that must find nothing.
type rule struct {
	name string
	// checked counts the rows the rule is about, so that a report tells a clean house from an empty
	// one.
	checked string
	// broken selects the subject and the detail of every offence.
	broken string
	// needs names a table that is not ours; without it the rule is skipped.
	needs string
}

// rules lists all that are one statement each.
func rules() []rule {
	return slices.Concat(bookRules, figureRules, paymentRules, partRules, sessionRules, chainRules, newsRules, deliveryRules,
		addressRules, agentRules, journalRules, reportRules)
}

// judge holds the snapshot against a rule.
func (a *auditor) judge(ctx context.Context, r rule) error {
	line := a.line(r.name)
	if r.needs != "" {
		var exists bool
		err := a.tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", r.needs).Scan(&exists)
		if err != nil {
			return err
		}
		if !exists {
			line.Skipped = "this database has no " + r.needs
			return nil
		}
	}
	if err := a.tx.QueryRow(ctx, r.checked).Scan(&line.Checked); err != nil {
		return err
	}
	rows, err := a.tx.Query(ctx, r.broken)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v := Violation{Rule: r.name}
		if err := rows.Scan(&v.Subject, &v.Detail); err != nil {
			return err
		}
		a.broken(v)
	}
	return rows.Err()
}
