// Package portstest holds any adapter to the promises in the doc comments of package ports.
//
// It owns one suite per port, one subtest per promise, each with its negative twin where there is
// one, and the fixtures those suites are written with (Shop and its methods), which other tests may
// use. It does not own what only one adapter can know: SQL, locks by name, lost connections.
//
// Invariants: a suite asks nothing that no doc comment promises; it never sleeps and never asserts
// how long something took; it behaves the same on an adapter that runs units of work twice.
package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/ports"
)

// World is one empty store seen through every port it serves.
type World struct {
	Work         ports.UnitOfWork
	KeyRing      ports.KeyRing
	Visits       ports.VisitRing
	Sessions     ports.SessionReads
	Explanations ports.Explanations
	Cursors      ports.CursorReads
	Rescans      ports.RescanReads
	Statements   ports.Statements
	Webhooks     ports.WebhookReads
	Bookkeeper   ports.Bookkeeper
	OrderNumbers ports.OrderNumbers
	Resources    ports.ResourceReads
	Sandbox      ports.SandboxReads
	SandboxCalls ports.SandboxTokens
	Changes      ports.Changes
	Figures      ports.Figures
	Reports      ports.ReportReads
	Search       ports.SessionSearch
	Projects     ports.ProjectReads
	Watches      ports.Watches
	Jobs         Jobs

	Authorizations ports.AuthorizationReads
	Lanes          ports.LaneReads
}

// Jobs looks into the queue from outside any unit of work.
type Jobs interface {
	// Enqueued lists the jobs that are committed, in the order of their enqueuing.
	Enqueued(ctx context.Context) ([]EnqueuedJob, error)
}

// EnqueuedJob is a job as the queue holds it.
type EnqueuedJob struct {
	Kind string
	JSON []byte
	At   time.Time // when it may run
}

// promise is one sentence of a doc comment and the test that holds an adapter to it.
type promise struct {
	name string
	keep func(t *testing.T, w World)
}

// Store holds a store to its promises. open answers a new, empty world; it is called once for every
// promise, about 250 times, so it should be cheap, and it cleans up by t.Cleanup.
func Store(t *testing.T, open func(t *testing.T) World) {
	nouns := []struct {
		name     string
		promises []promise
	}{
		{"work", workPromises},
		{"merchants", merchantPromises},
		{"receiving", receivingPromises},
		{"guards", guardPromises},
		{"kyc", kycPromises},
		{"keys", keyPromises},
		{"logins", loginPromises},
		{"members", memberPromises},
		{"invitations", invitationPromises},
		{"factors", factorPromises},
		{"challenges", challengePromises},
		{"visits", visitPromises},
		{"journal", journalPromises},
		{"sessions", sessionPromises},
		{"session reads", sessionReadPromises},
		{"session lists", sessionListPromises},
		{"amounts", amountPromises},
		{"amounts let go", letGoPromises},
		{"held amounts", heldPromises},
		{"due", duePromises},
		{"addresses", addressPromises},
		{"address sources", addressSourcePromises},
		{"dedicated", dedicatedPromises},
		{"transfers", transferPromises},
		{"queue", transferQueuePromises},
		{"transfers of agents", transferAgentPromises},
		{"sightings", sightingPromises},
		{"cursors", cursorPromises},
		{"ignored", ignoredPromises},
		{"watch log", watchLogPromises},
		{"explanations", explanationPromises},
		{"watches", watchPromises},
		{"held for a source", sourcePromises},
		{"rescans", rescanPromises},
		{"ledger", ledgerPromises},
		{"bookkeeper", bookkeeperPromises},
		{"statements", statementPromises},
		{"claims", claimPromises},
		{"endpoints", endpointPromises},
		{"deliveries", deliveryPromises},
		{"events", eventPromises},
		{"resources", resourcePromises},
		{"jobs", jobPromises},
		{"sandbox", sandboxPromises},
		{"sandbox tokens", sandboxTokenPromises},
		{"changes", changePromises},
		{"authorizations", authorizationPromises},
		{"locked authorizations", authorizationLockPromises},
		{"answers to authorizations", answerPromises},
		{"authorization reads", authorizationReadPromises},
		{"lanes", lanePromises},
		{"batches", batchPromises},
		{"crowds", crowdPromises},
		{"figures", figurePromises},
		{"closed books", closedPromises},
		{"reports", reportPromises},
		{"search", searchPromises},
	}
	for _, noun := range nouns {
		t.Run(noun.name, func(t *testing.T) {
			for _, p := range noun.promises {
				t.Run(p.name, func(t *testing.T) { p.keep(t, open(t)) })
			}
		})
	}
}
