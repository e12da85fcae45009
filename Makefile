# 101pay. `make` alone lists what can be made; `make test` installs what it needs.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod

# The shipped binary is pure Go: its own resolver is part of the guard on outgoing requests.
export CGO_ENABLED := 0
# Programs that .ci/deps.sh installed for this user only come last: the system's own are preferred.
export PATH := $(PATH):/usr/local/go/bin:$(shell .ci/deps.sh path)

# Some npm packages bring Go files; those are none of ours.
SOURCES = $(shell find . -name '*.go' -not -path '*/node_modules/*' -not -name '*_gen.go')
# Where goroutines meet over shared state. The race detector makes everything several times slower.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
RACY := $(wildcard app adapters/memory adapters/postgres adapters/worker adapters/sandbox \
	adapters/outbound adapters/ethrpc adapters/tron adapters/evm adapters/rates adapters/rest/edge adapters/rest/paywall adapters/pgembed \
	adapters/graphql adapters/signin adapters/passkeys)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: deps build ## install what is missing and run the gateway on a private PostgreSQL
	@exec bin/101pay serve

.PHONY: build
build: dashboard ## compile bin/101pay
	$(GO) build -buildvcs=false -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/101pay ./cmd/101pay

.PHONY: dashboard
dashboard: ## build the dashboard's page, unless it is as its sources say
	@.ci/dashboard.sh build

.PHONY: ui
ui: ## types, words and unit tests of the dashboard's page
	@.ci/dashboard.sh check

.PHONY: test
test: deps-test check ## install what tests need and run the whole suite

.PHONY: check
check: dashboard fmt-check vet house lint ui unit race e2e crash-short bench verify ## everything test runs, on a machine that has it all

.PHONY: deps
deps: ## install what running needs: PostgreSQL's programs, Go modules
	@.ci/deps.sh postgres
	@$(GO) mod download

.PHONY: deps-test
deps-test: deps ## install what tests need besides: Chromium, curl, a C compiler, npm packages
	@.ci/deps.sh chromium
	@.ci/deps.sh curl
	@.ci/deps.sh cc
	@.ci/deps.sh npm e2e
	@.ci/deps.sh npm e2e/x402
	@.ci/deps.sh npm adapters/dashboard/ui

.PHONY: fmt
fmt: ## format the code
	$(TOOL) gofumpt -w $(SOURCES)
	$(TOOL) golangci-lint fmt

.PHONY: fmt-check
fmt-check: ## fail if something is not formatted
	@unformatted=$$($(TOOL) gofumpt -l $(SOURCES)) && [ -z "$$unformatted" ] || \
		{ printf 'not formatted (make fmt):\n%s\n' "$$unformatted"; exit 1; }

.PHONY: vet
vet: ## go vet
	$(GO) vet ./...

.PHONY: lint
lint: ## golangci-lint
	$(TOOL) golangci-lint run --allow-parallel-runners

.PHONY: house
house: ## layers, names and comments: the rules of the house
	$(GO) test -count=1 -run '^TestHouse' ./cmd/101pay

.PHONY: unit
unit: ## unit and contract tests, on a real PostgreSQL and a real node
	$(GO) test -timeout 15m $$($(GO) list ./... | grep -v /e2e)

.PHONY: race
race: ## the tests of concurrent packages under the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 15m $(RACY:%=./%/...)

.PHONY: e2e
e2e: dashboard ## the real binary: stories, bad inputs, races, the pages in Chromium
	$(GO) test -count=1 -timeout 20m $$($(GO) list ./e2e/... | grep -v -e /crash -e /bench)

.PHONY: crash
crash: ## kill -9 gateway and database 200 times under load, then audit; KILLS=n for fewer, INSTANCES=2
	KILLS=$(or $(KILLS),200) INSTANCES=$(INSTANCES) $(GO) test -count=1 -v -timeout 120m ./e2e/crash/...

.PHONY: crash-short
crash-short: ## the same with few kills
	$(GO) test -count=1 -timeout 20m ./e2e/crash/...

.PHONY: agents
agents: ## 5,000 races of 32 copies of a payment by a program, then 200 kills while settling; RACES=n KILLS=n
	RACES=$(or $(RACES),5000) KILLS=$(or $(KILLS),200) $(GO) test -count=1 -v -timeout 120m \
		-run 'TestRaces|TestKilledWhileSettling' ./e2e/x402

.PHONY: sim
sim: ## a million payments on simulated chains that fork, judged from the chains; PAYMENTS=n SEED=n
	PAYMENTS=$(or $(PAYMENTS),1000000) SEED=$(SEED) $(GO) test -count=1 -v -timeout 180m -run '^TestEveryPaymentIsFoundOnce$$' ./e2e/sim

.PHONY: bench
bench: ## hot paths as ratios to a limit measured in the same run; BENCH=full for the long run
	BENCH=$(BENCH) $(GO) test -count=1 -v -timeout 60m ./e2e/bench/...

.PHONY: soak
soak: ## watch memory and goroutines for 10 minutes under 100,000 open payments; SOAK=1h for longer
	SOAK=$(or $(SOAK),10m) $(GO) test -count=1 -v -timeout 24h -run '^TestSoak$$' ./e2e/bench

.PHONY: screenshots
screenshots: dashboard ## take the pictures of docs/images anew
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	SCREENSHOTS=$$dir $(GO) test -count=1 -run '^TestEveryStateLooksRight$$' ./e2e/browser && \
	mkdir -p docs/images && for shot in awaiting-desk-en awaiting-test-phone-en processing-phone-ja paid-phone-en; do \
		cp "$$dir/$$shot.png" docs/images/; done && \
	SCREENSHOTS=$$dir $(GO) test -count=1 -run '^TestEveryPage$$' ./e2e/dashboard && \
	for shot in dashboard-overview dashboard-payment; do cp "$$dir/$$shot.png" docs/images/; done

.PHONY: verify
verify: ## fail if generated files or go.mod are not what their sources say
	.ci/verify

.PHONY: generate
generate: ## write generated files anew
	$(GO) generate ./domain/...
	$(GO) tool gqlgen generate
	UPDATE=1 $(GO) test -count=1 -run TestSchemaFile ./adapters/postgres/
	$(GO) tool wire ./cmd/101pay
