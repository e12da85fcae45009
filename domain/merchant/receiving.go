package merchant

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
)

// ReceivingID identifies a receiving account: a UUID in lower case.
type ReceivingID string

// ReceivingAccount is a merchant's own address on a network; payments go straight there. At most
// one per project, network and asset is current. A removed account is still watched for as long as
// somebody may pay to it.
type ReceivingAccount struct {
	ID         ReceivingID
	MerchantID ID
	ProjectID  ProjectID
	Network    chain.Network
	Asset      string // symbol, as in "USDT"
	Address    chain.Address
	Label      string
	CreatedAt  time.Time
	RemovedAt  time.Time // zero while current
}

// WatchAfterRemoval is how long addresses of removed accounts, cancelled and expired sessions stay
// watched: payers keep old pages and old e-mails (decision 14).
const WatchAfterRemoval = 30 * 24 * time.Hour
