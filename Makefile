# 101pay. `make` alone lists what can be made; `make run` and `make test` install what they need.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
KILLS   ?= 200

# The shipped binary is pure Go: its own resolver is part of the guard on outgoing requests.
export CGO_ENABLED := 0
# Programs that .ci/deps.sh installed for this user only come last: the system's own are preferred.
export PATH := $(PATH):/usr/local/go/bin:$(shell .ci/deps.sh path)

# Some npm packages bring Go files; those are none of ours.
SOURCES = $(shell find . -name '*.go' -not -path '*/node_modules/*')
# Where goroutines meet over shared state. The race detector makes everything several times slower.
RACY := $(wildcard app adapters/memory adapters/postgres adapters/worker adapters/sandbox \
	adapters/outbound adapters/ethrpc adapters/tron adapters/rates adapters/rest/edge adapters/pgembed)
E2E  := $(wildcard e2e)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: deps build ## install what is missing, build, and serve on http://127.0.0.1:8080
	@exec bin/101pay serve

.PHONY: test
test: deps-test check ## install what tests need and run the whole suite

.PHONY: check
check: fmt-check vet house lint unit race e2e verify ## everything test runs, on a machine that has it all

.PHONY: build
build: ## build bin/101pay
	$(GO) build -buildvcs=false -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/101pay ./cmd/101pay

.PHONY: deps
deps: ## install PostgreSQL's programs unless DATABASE_URL names a server
	@[ -n "$$DATABASE_URL" ] || .ci/deps.sh postgres

.PHONY: deps-test
deps-test: ## install PostgreSQL, Chromium, a C compiler and npm packages for tests
	@.ci/deps.sh postgres
	@.ci/deps.sh chromium
	@.ci/deps.sh cc
	@[ -z "$(E2E)" ] || .ci/deps.sh npm e2e

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
	$(GO) test -timeout 10m $$($(GO) list ./... | grep -v '/101pay/e2e')

.PHONY: race
race: ## the tests of concurrent packages under the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 15m $(RACY:%=./%/...)

.PHONY: e2e
e2e: build ## stories against the real binary, a real chain node and a browser
	@[ -z "$(E2E)" ] || $(GO) test -count=1 -timeout 15m ./e2e/...

.PHONY: verify
verify: ## fail if generated files or go.mod are not what their sources say
	.ci/verify

.PHONY: generate
generate: ## write generated files anew
	$(GO) tool wire gen ./cmd/101pay
	$(GO) generate ./domain/...

.PHONY: bench
bench: build ## measure each path against its named limit
	BENCH=full $(GO) test -count=1 -v -timeout 60m ./e2e/bench/...

.PHONY: crash
crash: build ## kill the gateway and its database under load, KILLS times (200)
	KILLS=$(KILLS) $(GO) test -count=1 -v -timeout 120m ./e2e/crash/...

.PHONY: screenshots
screenshots: deps-test build ## pictures of the hosted page in every state, in bin/screenshots
	@mkdir -p bin/screenshots
	SCREENSHOTS=$(CURDIR)/bin/screenshots $(GO) test -count=1 -v -run Screenshot ./e2e/...

.PHONY: clean
clean: ## remove what was built; data is not touched
	rm -rf bin
