SHELL := bash
.SHELLFLAGS := -o pipefail -ec
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 10s
GOLANGCI := v2.15.0
GOVULN := v1.8.0
TOOLS := $(shell $(GO) env GOPATH)/bin
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
.PHONY: help run build test test-mongo lint vuln fmt cover fuzz bench keys release

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-11s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

run: ## Serve on http://localhost:8080 with SQLite in var/; prints what you need to try it
	$(GO) run ./cmd/gatehouse serve --dev

build: ## bin/gatehouse, one static binary
	$(BUILD) -o bin/gatehouse ./cmd/gatehouse

test: ## All tests; needs Go alone, and says which store suites ran on what
	$(if $(RACE),,@echo '*** NO C COMPILER: the race detector is OFF. Install gcc for the real test. ***')
	@$(GO) test $(RACE) -shuffle=on -timeout 35m -v ./... | awk -f .ci/report.awk

test-mongo: ## All tests; fails when no MongoDB can be had (GATEHOUSE_TEST_MONGO, mongod, or Java and Maven)
	@GATEHOUSE_REQUIRE_MONGO=1 $(MAKE) --no-print-directory test

lint: ## Format, vet, lint and go.mod checks
	@$(TOOLS)/golangci-lint version 2>/dev/null | grep -qF "version $(GOLANGCI:v%=%) " || \
	  $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@files=$$(gofmt -l cmd pkg docs); [ -z "$$files" ] || { echo "gofmt would change: $$files"; exit 1; }
	$(GO) vet ./... && $(TOOLS)/golangci-lint run --allow-parallel-runners ./...
	$(GO) mod tidy -diff

vuln: ## Known vulnerabilities in what the code calls
	@$(TOOLS)/govulncheck -version 2>/dev/null | grep -qF '@$(GOVULN)' || $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULN)
	$(TOOLS)/govulncheck ./...

fmt: ## Format the code
	$(TOOLS)/golangci-lint fmt ./...

cover: ## Share of the code that tests run
	$(GO) test -coverpkg=./pkg/... -coverprofile=coverage.out ./... && $(GO) tool cover -func=coverage.out | tail -1

fuzz: ## Every fuzz target for FUZZTIME each
	@grep -rl --include='*_test.go' '^func Fuzz' cmd pkg | xargs -n1 dirname | sort -u | while read -r p; do \
	  for f in $$($(GO) test -list '^Fuzz' ./$$p | grep ^Fuzz); do \
	  $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) ./$$p; done; done

bench: ## Measure the service on this machine
	$(GO) run ./cmd/gatehouse bench

keys: ## Make the master key in keys/ if there is none, and list the signing keys
	$(GO) run ./cmd/gatehouse keys list

release: ## Static binaries, their module lists and checksums in bin/release
	@rm -rf bin/release; for p in linux/amd64 linux/arm64 darwin/arm64; do f=bin/release/gatehouse-$(VERSION)-$${p/\//-}; \
	  GOOS=$${p%/*} GOARCH=$${p#*/} $(BUILD) -o $$f ./cmd/gatehouse; $(GO) version -m $$f > $$f.modules.txt; done
	@cd bin/release && sha256sum * > SHA256SUMS && cat SHA256SUMS
