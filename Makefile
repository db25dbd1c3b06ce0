# What can be done here: `make help`. The recipes are short; the work is in local/.

.DEFAULT_GOAL := help
SHELL := /bin/sh
ENV := . local/env.sh

.PHONY: run
run: build ## set up, build and start the local stack; Ctrl-C stops it (PORT=3100 to choose the port)
	@exec node local/up.mjs

.PHONY: stop
stop: ## stop a local stack that runs elsewhere
	@node local/up.mjs --stop

.PHONY: build
build: setup ## build the portal with its pages, and the sandbox world
	@$(ENV); cargo leptos build && cargo build --package portolan-sandbox

.PHONY: release
release: setup ## build the portal as it ships, with compressed files
	@$(ENV); cargo leptos build --release --precompress && cargo build --release --package portolan-sandbox

.PHONY: setup
setup: ## install what the build needs (tools in ~/.cache/portolan, npm packages)
	@sh local/setup.sh

.PHONY: test
test: ## run everything that must pass (ONLY=stage,stage for some; `make test ONLY=list` names them)
	@sh local/setup.sh --deny
	@$(ENV); exec node local/test.mjs $(ONLY)

.PHONY: bench
bench: ## measure pages, API, memory and sizes on a release build
	@sh local/setup.sh
	@$(ENV); exec node local/bench.mjs $(ARGS)

.PHONY: fmt
fmt: ## format the code
	@cargo fmt --all
	@if command -v terraform >/dev/null 2>&1; then terraform fmt -recursive terraform; fi

.PHONY: lint
lint: ## clippy for the server and for the browser, cargo deny
	@sh local/setup.sh --deny
	@$(ENV); exec node local/test.mjs fmt,clippy,clippy-wasm,deny,npm-lock

.PHONY: openapi
openapi: build ## print the OpenAPI description of the REST API
	@$(ENV); cargo run --quiet --package portolan-server --bin portolan -- openapi

.PHONY: clean
clean: ## remove what was built, and the local stack's data
	@node local/up.mjs --stop
	@cargo clean
	@rm -rf .local node_modules

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
