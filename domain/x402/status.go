package x402

import "slices"

// Status is where a settlement is in its life. The zero value is not a status.
type Status uint8

// The statuses.
const (
	Claimed   Status = iota + 1 // the authorization is ours to settle; nothing is signed
	Signed                      // a transaction is signed and stored; nobody has seen it
	Broadcast                   // it was sent
	Pending                     // it was sent, and nobody knows yet what became of it
	Settled                     // a receipt has shown the transfer, deep enough
	Reversed                    // it had, and the chain undid it
	Refused                     // it was refused before anything was signed
	Failed                      // it was sent and did not move the money, or its time is over
	Delegated                   // somebody else's facilitator was asked to send it; its transaction is not proven
)

var statusNames = map[Status]string{
	Claimed: "claimed", Signed: "signed", Broadcast: "broadcast", Pending: "pending",
	Settled: "settled", Reversed: "reversed", Refused: "refused", Failed: "failed", Delegated: "delegated",
}

// Statuses lists every status in the order life takes them.
func Statuses() []Status {
	return []Status{Claimed, Signed, Broadcast, Delegated, Pending, Settled, Reversed, Refused, Failed}
}

// ParseStatus reads the name a store keeps.
func ParseStatus(name string) (Status, bool) {
	for s, n := range statusNames {
		if n == name {
			return s, true
		}
	}
	return 0, false
}

// String is the status's name.
func (s Status) String() string {
	if n, ok := statusNames[s]; ok {
		return n
	}
	return "???"
}

// Actor is who may move a settlement. The zero value is nobody.
type Actor uint8

// The actors.
const (
	Requester  Actor = iota + 1 // the HTTP request that made the claim
	Relayer                     // whoever signs and sends transactions
	Reconciler                  // the job that asks the chain what became of what was left behind
)

// String is the actor's name.
func (a Actor) String() string {
	return map[Actor]string{Requester: "requester", Relayer: "relayer", Reconciler: "reconciler"}[a]
}

type event uint8

const (
	eventClaim event = iota + 1
	eventRefuse
	eventSign
	eventSend
	eventDoubt
	eventProve
	eventRevert
	eventLapse
	eventUndo
	eventDelegate
)

var eventNames = map[event]string{
	eventClaim: "claim again", eventRefuse: "refuse", eventSign: "sign", eventSend: "send",
	eventDoubt: "no receipt in time", eventProve: "receipt proves it", eventRevert: "transaction moved nothing",
	eventLapse: "window over, nonce unused", eventUndo: "chain undoes it",
	eventDelegate: "ask another facilitator",
}

// Transition is one cell of the state machine, and who may cause it.
type Transition struct {
	From Status
	On   string
	To   Status
	By   []Actor
}

type cell struct {
	from Status
	on   event
}

type move struct {
	to Status
	by []Actor
}

var (
	request  = []Actor{Requester}
	relay    = []Actor{Relayer}
	recon    = []Actor{Reconciler}
	senders  = []Actor{Relayer, Reconciler}
	everyone = []Actor{Requester, Relayer, Reconciler}
	waiting  = []Actor{Requester, Relayer}
)

// transitions is the whole state machine; a missing cell is refused. Every status but Settled can become
// Settled: anybody may submit an authorization, and what the chain shows is true whatever we believed. For
// the same reason nothing that was signed is forgotten before its window is over.
var transitions = map[cell]move{
	{Claimed, eventRefuse}: {Refused, everyone}, // by the reconciler where the request died
	{Claimed, eventSign}:   {Signed, relay},
	{Claimed, eventProve}:  {Settled, recon},

	// Another facilitator may have sent it whatever it says, or does not say: only the end of the window
	// tells that it did not.
	{Claimed, eventDelegate}:   {Delegated, relay},
	{Delegated, eventDelegate}: {Delegated, senders},
	{Delegated, eventRefuse}:   {Refused, relay}, // its word that it sent nothing
	{Delegated, eventProve}:    {Settled, senders},
	{Delegated, eventLapse}:    {Failed, recon},

	{Signed, eventSend}:  {Broadcast, senders},
	{Signed, eventProve}: {Settled, senders},
	{Signed, eventLapse}: {Failed, recon},

	{Broadcast, eventSend}:   {Broadcast, senders},
	{Broadcast, eventSign}:   {Signed, relay}, // a replacement with another fee
	{Broadcast, eventDoubt}:  {Pending, waiting},
	{Broadcast, eventProve}:  {Settled, senders},
	{Broadcast, eventRevert}: {Failed, senders},
	{Broadcast, eventLapse}:  {Failed, recon},

	{Pending, eventSend}:   {Pending, senders},
	{Pending, eventSign}:   {Signed, relay},
	{Pending, eventProve}:  {Settled, senders},
	{Pending, eventRevert}: {Failed, senders},
	{Pending, eventLapse}:  {Failed, recon},

	{Settled, eventUndo}: {Reversed, recon},

	{Reversed, eventSend}:  {Reversed, senders},
	{Reversed, eventSign}:  {Signed, relay},
	{Reversed, eventProve}: {Settled, recon},
	{Reversed, eventLapse}: {Failed, recon},

	{Refused, eventClaim}: {Claimed, request},
	{Refused, eventProve}: {Settled, recon},

	{Failed, eventProve}: {Settled, recon},
}

// Transitions lists every allowed cell in a stable order.
func Transitions() []Transition {
	var out []Transition
	for _, from := range Statuses() {
		for e := eventClaim; e <= eventDelegate; e++ {
			if m, ok := transitions[cell{from, e}]; ok {
				out = append(out, Transition{from, eventNames[e], m.to, slices.Clone(m.by)})
			}
		}
	}
	return out
}
