package app

import (
	"context"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// History lists what programs paid a project, newest first: every payment that moved money or may have.
func (s *Paywall) History(
	ctx context.Context, who merchant.Principal, before ports.AuthorizationMark, limit int,
) (rows []ports.AuthorizationRow, more bool, err error) {
	return s.Reads.Page(ctx, ports.AuthorizationQuery{
		Project: who.Project, Mode: who.Mode, Before: before, Limit: limit,
	})
}
