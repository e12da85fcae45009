package chain

// earliest is how many blocks a merchant must at least wait who does not wait for finality, on the
// networks where finality is slow enough for that to be a question. Below these numbers undone blocks
// are routine; above them they have been rare, which is not never: a payment credited early and undone
// is reversed (design: Ethereum loses single blocks daily; layers above it publish blocks of their own
// that can vanish with their sequencer until Ethereum has them).
var earliest = map[Network]uint64{
	Ethereum: 3,
	Arbitrum: 64, // a quarter of a second each
	Base:     10,
	Optimism: 10,
	Sandbox:  2, // so that it can be tried; no merchant can name the network
}

// EarliestConfirmations is the least number of confirmations a payment on the network may be credited
// at before the network calls it final; 0 where only final payments are credited.
func (n Network) EarliestConfirmations() uint64 { return earliest[n] }
