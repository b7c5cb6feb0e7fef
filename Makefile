# What there is to do here. Start with: make run

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ARGS    ?= ./...
ADDR    ?=
FUZZ    ?=

.PHONY: help run build test fuzz check generate clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the whole world on this machine: API, simulated provider, movable clock
	go run ./cmd/identikit sandbox $(if $(ADDR),--addr $(ADDR))

build: ## one static binary: bin/identikit
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/identikit ./cmd/identikit

test: ## every test on both databases, with the race detector; ARGS='-run X ./internal/…' narrows
	@scripts/test.sh $(ARGS)

fuzz: ## every fuzz target, FUZZTIME=10m each, FUZZJOBS at once; prints a line for each
	@scripts/fuzz.sh $(FUZZ)

check: ## format, vet, staticcheck, generated files fresh, import rules
	@scripts/check.sh

generate: ## make the generated files anew
	go generate ./...

clean: ## remove what was built
	rm -rf bin
