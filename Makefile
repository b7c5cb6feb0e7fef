# What there is to do here. Start with: make run

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ARGS    ?= ./...
ADDR    ?=
ROUNDS  ?= 100
SEED    ?= 0
FUZZ    ?=

.PHONY: help run build test coverage crash fuzz check bench generate clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the whole world on this machine: API, simulated provider, movable clock
	go run ./cmd/identikit sandbox $(if $(ADDR),--addr $(ADDR))

build: ## one static binary: bin/identikit
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/identikit ./cmd/identikit

test: ## every test on both databases, with the race detector; ARGS='-run X ./internal/…' narrows
	@scripts/test.sh $(ARGS)

coverage: ## docs/coverage.md anew: which test proves which row of the guides' tables
	@scripts/coverage.sh

crash: ## kill the server at random and at every commit point, on both databases; ROUNDS=100, SEED=0
	@scripts/test.sh -timeout 120m -v -run '^TestCrash$$' ./internal/crashtest -args -crash.rounds=$(ROUNDS) -crash.seed=$(SEED) -crash.every

fuzz: ## every fuzz target, FUZZTIME=10m each, FUZZJOBS at once; prints a line for each
	@scripts/fuzz.sh $(FUZZ)

check: ## format, vet, staticcheck, generated files fresh, import rules
	@scripts/check.sh

bench: ## figures beside their baselines, on both databases; ARGS='--quick' for half a minute
	@scripts/bench.sh $(filter-out ./...,$(ARGS))

generate: ## make the generated files anew
	go generate ./...

clean: ## remove what was built
	rm -rf bin
