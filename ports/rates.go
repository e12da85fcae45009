package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// MaxRateAge is how old a rate may be when it is answered.
const MaxRateAge = time.Minute

// Rates answers what one unit of a currency costs in an asset, or money.ErrRateUnavailable. A rate
// it answers is at most MaxRateAge old and says when it held and who said so; one that is made up is
// answered in test mode only. It is asked while a payer waits, and answers within seconds.
type Rates interface {
	Rate(ctx context.Context, m merchant.Mode, from money.Currency, asset string) (money.Rate, error)
}
