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
SOURCES = $(shell find . -name '*.go' -not -path '*/node_modules/*')
# Where goroutines meet over shared state. The race detector makes everything several times slower.
RACY := $(wildcard app adapters/memory adapters/postgres adapters/worker adapters/sandbox \
	adapters/outbound adapters/ethrpc adapters/tron adapters/rates adapters/rest/edge adapters/pgembed)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: test
test: deps-test check ## install what tests need and run the whole suite

.PHONY: check
check: fmt-check vet house lint unit race verify ## everything test runs, on a machine that has it all

.PHONY: deps-test
deps-test: ## install PostgreSQL and a C compiler for tests
	@.ci/deps.sh postgres
	@.ci/deps.sh cc

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
	$(TOOL) golangci-lint run

.PHONY: house
house: ## layers, names and comments: the rules of the house
	$(GO) test -count=1 -run '^TestHouse' ./cmd/101pay

.PHONY: unit
unit: ## unit and contract tests, on a real PostgreSQL
	$(GO) test -timeout 10m ./...

.PHONY: race
race: ## the tests of concurrent packages under the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 15m $(RACY:%=./%/...)

.PHONY: verify
verify: ## fail if generated files or go.mod are not what their sources say
	.ci/verify

.PHONY: generate
generate: ## write generated files anew
	$(GO) generate ./domain/...
