GO ?= go
# Packages whose tests are about concurrency; -race runs over these.
RACE = ./broker/... ./federation/... ./legacy/... ./provider/...

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

.PHONY: build
build: ## Build bin/patchbay, a static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/patchbay ./cmd/patchbay

.PHONY: test
test: deps ## Run every test; installs MariaDB and Chromium where it can
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

.PHONY: deps
deps: ## Install what the larger tests need
	@scripts/test-deps

.PHONY: interop
interop: ## Let foreign clients and identity providers meet patchbay; installs Apache, SimpleSAMLphp and LemonLDAP::NG where it can
	scripts/test-deps interop
	PATCHBAY_TEST_REQUIRE=node,chromium,apache2,simplesamlphp,lemonldap-ng $(GO) test -count=1 -v ./internal/interop

.PHONY: race
race: ## Run the concurrency tests under the race detector
	$(GO) test -race -short -timeout 20m $(RACE)

.PHONY: bench
bench: ## Measure: ratios to a bare net/http hello, and SQL statements per operation
	$(GO) run ./cmd/patchbay bench
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: lint
lint: ## Run golangci-lint
	golangci-lint run ./...

.PHONY: demo
demo: ## Run the demo
	$(GO) run ./cmd/patchbay demo

.PHONY: seed
seed: ## Regenerate the IQ sample data
	$(GO) generate ./testdata/iq
