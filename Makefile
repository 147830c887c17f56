# Drawbridge. `make run` serves, `make test` tests; both need Go only (Debian
# packages that tests use are installed when run as root, else named).
SHELL := /bin/bash
GO ?= go
export CGO_ENABLED ?= 0

.PHONY: help run build test test-long check lint scenario real-clients fuzz generate vectors bench clean tools

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: build ## build and serve on 127.0.0.1:4566
	./bin/drawbridge serve

build: ## build bin/drawbridge, one static binary
	$(GO) build -trimpath -o bin/drawbridge ./cmd/drawbridge

test: tools ## everything but the slow ones: build, lint, race tests, scenarios, real clients
	.ci/stage build $(MAKE) --no-print-directory build
	.ci/stage lint $(MAKE) --no-print-directory lint
	.ci/stage 'tests with the race detector' env CGO_ENABLED=1 $(GO) test -race -timeout 14m ./...
	.ci/stage 'benchmarks run' bash -c 'cd bench && $(GO) vet ./... && $(GO) test ./...'
	.ci/stage 'real clients' $(MAKE) --no-print-directory real-clients
	.ci/stage fuzz $(MAKE) --no-print-directory fuzz FUZZTIME=5000x

test-long: tools ## the slow ones: kills of the store and of quotas, power failures, changes under load, Velocity, policies by brute force, stories by the real AWS CLI
	.ci/stage 'long tests' env DRAWBRIDGE_LONG=1 $(GO) test -timeout 40m -run 'Killed|Power|Damaged|RealCLI|Long|WrongOrders|Resume|Velocity|BruteForce' ./...

lint: ## go vet, gofmt and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'gofmt: run gofmt -w on these'; exit 1; }
	$(GO) vet ./...
	.ci/lint

scenario: ## run the stories only
	$(GO) test ./scenario/...

real-clients: build ## the article by Debian's AWS CLI and curl, as the README shows it
	.ci/real-clients

FUZZTIME ?= 20000x
fuzz: ## run every fuzz target for FUZZTIME (inputs, or a time)
	.ci/fuzz $(FUZZTIME)

generate: ## make the wire types again from controlplane/api/models
	$(GO) generate ./controlplane/api/...

vectors: build ## AWS's recorded answers against a fresh server, where ../shared/vectors is
	.ci/vectors

bench: build ## measure side by side with nginx (Debian package)
	cd bench && $(GO) run .

tools: ## install what the tests use beyond Go (as root), or name it
	.ci/tools

clean: ## remove what was built
	rm -rf bin
