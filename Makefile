# One command per job. Every recipe runs in bash with the tools of `.ci/setup` on its path.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export BASH_ENV := $(CURDIR)/.ci/env

NATIVE := --workspace --exclude edgeward-cloudflare
WASM := --target wasm32-unknown-unknown
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BUNDLE := $(TARGET)/bundle
MAX_BUNDLE_BYTES := 300000
BUILD := edge/cloudflare/build
COMPILED := $(TARGET)/wasm32-unknown-unknown
HOST = $(shell rustc --version --verbose | sed -n 's/^host: //p')
# The arithmetic that wasm has. Natively the processor would choose another, and each its own.
PORTABLE := --cfg curve25519_dalek_backend="serial" --cfg curve25519_dalek_bits="32" --cfg chacha20_force_soft \
	--cfg poly1305_force_soft
DEPLOY := EDGEWARD_TOOL=$(TARGET)/debug/edgeward infra/node_modules/.bin/tsx infra/deploy.ts
# Of the image; as Docker names it.
ARCHITECTURE := $(if $(filter aarch64,$(shell uname -m)),arm64,amd64)

.DEFAULT_GOAL := help
.PHONY: help demo dev test fuzz conformance interop pages load bench capacity check edge size budgets image image-test \
	infra-test deploy destroy trial trial-cloudflare deploy-local clean stack native wasm setup-edge named tool panicking-edge

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: stack ## sign in and call MCP tools through the whole stack, step by step; needs nothing prepared
	$(TARGET)/debug/edgeward-demo

dev: stack ## serve the whole stack on fixed ports until Ctrl-C
	exec $(TARGET)/debug/edgeward-dev

test: ## run every test: native, in a browser, and black-box against the running stack
	.ci/setup edge browser
	+$(MAKE) --no-print-directory edge panicking-edge
	wasm-pack test --headless --chrome edge/core --test browser
	@# One selection of packages throughout, or the same dependencies are compiled again with other features.
	cargo build $(NATIVE) --bins --tests
	cargo test $(NATIVE) --doc
	@# Cargo takes packages by name: edgeward-tests, which runs the whole stack, comes last.
	cargo test $(NATIVE) --tests

fuzz: ## fuzz everything that reads what strangers send, FUZZ_SECONDS=20 each
	.ci/setup fuzz
	tests/fuzz/run

conformance: stack ## run the official conformance tool through the edge, as MCP client and as judge of authorization servers
	+cargo build -p edgeward-origin -p edgeward-tests -p edgeward-conformance --bins
	$(TARGET)/debug/edgeward-conformance-run

interop: stack ## other people's clients sign in, in a real browser, use the server, outlive their tokens, come back
	.ci/setup browser
	$(TARGET)/debug/edgeward-interop

pages: stack ## look at every page in a real browser, and make the pictures in tests/screenshots
	.ci/setup browser
	$(TARGET)/debug/edgeward-pages

load: stack size ## calls, streams, sign-ins and a fifth hostile, for LOAD_SECONDS=60 each; figures, then `load: ok`
	$(TARGET)/debug/edgeward-load

bench: size ## measure the edge beside its peers, BENCH_ROUNDS=5 of BENCH_SECONDS=3; BENCH_WRITE=1 writes BENCHMARKS.md
	.ci/setup bench
	+cargo build --release -p edgeward-tests --bin edgeward-bench
	$(TARGET)/release/edgeward-bench

capacity: ## simulate how many users Cognito's quotas let one deployment carry, and an outage; CAPACITY_WRITE=1 for the document
	.ci/setup rust
	cargo build -p edgeward-capacity
	$(TARGET)/debug/edgeward-capacity

check: ## what to run before pushing: format, lints, licences, targets, docs, fast tests
	.ci/setup rust check
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	cargo clippy $(NATIVE) --all-targets -- -D warnings
	cargo clippy $(WASM) -p edgeward-cloudflare -p edgeward-core -p edgeward-identity -- -D warnings
	cargo check $(WASM) -p edgeward-core
	cargo check --target wasm32-wasip1 -p edgeward-core
	RUSTDOCFLAGS='-D warnings' cargo doc $(NATIVE) --no-deps --document-private-items
	cargo deny check bans licenses sources
	cargo test -p edgeward-identity -p edgeward-core

edge: setup-edge wasm ## compile the edge for Cloudflare Workers into edge/cloudflare/build
	@[ $(BUILD)/bindings.js -nt $(COMPILED)/edge/edgeward_cloudflare.wasm ] || \
		edge/cloudflare/bind $(COMPILED)/edge/edgeward_cloudflare.wasm $(BUILD) optimized

size: edge ## bundle the edge for every environment, and hold it to its budget: gzip bytes of JavaScript and wasm
	@edge/cloudflare/size $(BUNDLE) $(MAX_BUNDLE_BYTES)

budgets: ## count instructions and allocations of what requests and sign-ins cost, and hold them to what is recorded
	.ci/setup budgets
	@mkdir -p $(TARGET)/tmp
	@# Optimized as what is deployed.
	RUSTFLAGS='$(PORTABLE)' cargo bench --profile edge --target $(HOST) -p edgeward-core --features sha2/force-soft \
		--bench instructions -- --output-format=json >$(TARGET)/tmp/instructions.json
	cargo test -p edgeward-identity -p edgeward-core --test instructions --test allocations -- --nocapture

image: ## build the origin's container image into target/image, for `docker load`
	.ci/setup image
	origin/image $(ARCHITECTURE) target/image/edgeward-origin.tar

image-test: image ## run that image, locked down as on ECS, and test it
	cargo test -p edgeward-tests --test container

infra-test: ## test the AWS stacks, without AWS
	.ci/setup infra
	infra/node_modules/.bin/tsx infra/check.ts

deploy: named tool ## deploy DEPLOYMENT=prod to AWS and Cloudflare; BOOTSTRAP=yes the first time, DRY_RUN=yes to see what would change, LEAKED=origin-secret after a leak
	$(DEPLOY) deploy $(DEPLOYMENT) $(if $(BOOTSTRAP),--bootstrap) $(if $(DRY_RUN),--dry-run) $(if $(LEAKED),--leaked $(LEAKED))

destroy: named tool ## take DEPLOYMENT=prod away, with all its users; YES=yes to really do it
	$(DEPLOY) destroy $(DEPLOYMENT) $(if $(YES),--yes)

trial: named tool ## try DEPLOYMENT=trial in a real account, once: deploy, sign in by hand, measure, take it away; writes a report
	EDGEWARD_TOOL=$(TARGET)/debug/edgeward infra/node_modules/.bin/tsx infra/trial.ts --deployment $(DEPLOYMENT) $(if $(BOOTSTRAP),--bootstrap) \
		$(if $(SKIP),--skip $(SKIP)) $(if $(AGAIN),--again $(AGAIN))

trial-cloudflare: named tool ## try the edge of DEPLOYMENT=trial at Cloudflare, once: push, rotate, stream, abort, measure; writes a report
	EDGEWARD_TOOL=$(TARGET)/debug/edgeward infra/node_modules/.bin/tsx infra/trial-cloudflare.ts --deployment $(DEPLOYMENT) \
		$(if $(VIA),--via $(VIA)) $(if $(SKIP),--skip $(SKIP)) $(if $(AGAIN),--again $(AGAIN)) $(OPTIONS)

deploy-local: stack image ## deploy all of it to this machine, to an emulator of AWS; sign in, call, rotate, take it away
	.ci/setup deploy emulator
	@# The selection of `make test`, which then finds it compiled.
	+cargo build $(NATIVE) --bins
	$(TARGET)/debug/edgeward-deploy-local

clean: ## remove everything that was built or installed into this folder
	rm -rf target infra/node_modules edge/cloudflare/build edge/cloudflare/.wrangler tests/tools/node_modules

# The tools, the edge and the native programs are compiled at the same time: each has stretches that keep one core only.
# The Rust toolchain comes first, or each would install it.
stack:
	.ci/setup rust
	+$(MAKE) --no-print-directory -j$$(nproc) native edge

named:
	@[ -n "$(DEPLOYMENT)" ] || { echo 'say which: DEPLOYMENT=prod, for infra/deployments/prod.json' >&2; exit 1; }

tool:
	.ci/setup deploy
	+cargo build -p edgeward-cli

native:
	+cargo build -p edgeward-origin -p edgeward-tests --bins

wasm: setup-edge
	+cargo build --profile edge $(WASM) -p edgeward-cloudflare

# The edge with panics to order, which the tests run beside the real one. Into a folder of its own, and unoptimized: it is
# never deployed.
panicking-edge: setup-edge
	+cargo build $(WASM) -p edgeward-cloudflare --features test-panic
	@[ $(TARGET)/panicking-edge/bindings.js -nt $(COMPILED)/debug/edgeward_cloudflare.wasm ] || \
		edge/cloudflare/bind $(COMPILED)/debug/edgeward_cloudflare.wasm $(TARGET)/panicking-edge

setup-edge:
	+.ci/setup edge
