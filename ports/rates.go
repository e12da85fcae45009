package ports

import (
	"context"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// Rates answers what one unit of a currency costs in an asset, or money.ErrRateUnavailable. A rate
// it answers is fresh: the age limit is the adapter's promise.
type Rates interface {
	Rate(ctx context.Context, m merchant.Mode, from money.Currency, asset string) (money.Rate, error)
}
