# One command per job. Every recipe runs in bash with the tools of `.ci/setup` on its path.
#
# Every line of a recipe is one command, or commands joined by && and ||, because the make of macOS (3.81) does not know
# .SHELLFLAGS: a command that failed before a `;` or a `|` would count as good. `.ci/lint` holds the lines to it.

SHELL := bash
export BASH_ENV := $(CURDIR)/.ci/env

NATIVE := --workspace --exclude edgeward-cloudflare
WASM := --target wasm32-unknown-unknown
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BUNDLE := $(TARGET)/bundle
BUILD := edge/cloudflare/build
COMPILED := $(TARGET)/wasm32-unknown-unknown
# The arithmetic that wasm has. Natively the processor would choose another, and each its own.
PORTABLE := --cfg curve25519_dalek_backend="serial" --cfg curve25519_dalek_bits="32" --cfg chacha20_force_soft \
	--cfg poly1305_force_soft
DEPLOY := EDGEWARD_TOOL="$(TARGET)/debug/edgeward" infra/node_modules/.bin/tsx infra/deploy.ts
# Every edge that the black-box suite can run against, as in tests/src/edge/runtime.rs; and what it needs built for each.
KNOWN_EDGES := cloudflare
BUILDS_cloudflare := edge panicking-edge
# Those that EDGES names; without it the first.
RUN_EDGES := $(if $(filter all,$(EDGES)),$(KNOWN_EDGES),$(or $(strip $(EDGES)),$(firstword $(KNOWN_EDGES))))
LEFT_OUT_EDGES := $(filter-out $(RUN_EDGES),$(KNOWN_EDGES))
# Of the image; as Docker names it.
ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,amd64)

.DEFAULT_GOAL := help
.PHONY: help demo dev test fuzz conformance interop pages load bench capacity check edge size budgets origin image image-test \
	infra-test transcript notices release dist deploy destroy trial trial-cloudflare deploy-local reproducible lock clean stack native wasm setup-edge named known-edges tool panicking-edge

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s%s\n", $$1, $$2 }' Makefile

demo: stack ## sign in and call MCP tools through the whole stack, step by step; needs nothing prepared
	"$(TARGET)/debug/edgeward-demo"

dev: stack ## serve the whole stack on fixed ports until Ctrl-C
	exec "$(TARGET)/debug/edgeward-dev"

test: known-edges ## run every test: native, in a browser, and black-box against EDGES=cloudflare, other names, or all
	@.ci/first-run "$(TARGET)" "make test" 15 10
	.ci/setup edge test examples
	.ci/browser-tests prepare
	@# What tests of releases look at is the first edge's.
	+$(MAKE) --no-print-directory edge $(foreach edge,$(RUN_EDGES),$(BUILDS_$(edge)))
	.ci/browser-tests run
	.ci/script-tests
	.ci/verifier-tests
	@# One selection of packages throughout, or the same dependencies are compiled again with other features.
	cargo build $(NATIVE) --bins --tests
	cargo test $(NATIVE) --doc
	@# Cargo takes packages by name: edgeward-tests, which runs the whole stack, comes last.
	EDGES="$(RUN_EDGES)" cargo test $(NATIVE) --tests
	@.ci/browser-tests remind
	@$(if $(LEFT_OUT_EDGES),echo "NOT RUN: the black-box suite against $(LEFT_OUT_EDGES). To run it against every edge: make test EDGES=all",:)

fuzz: ## fuzz everything that reads what strangers send, FUZZ_SECONDS=20 each
	.ci/setup fuzz
	tests/fuzz/run

transcript: ## do what docs/transcript.md shows, from a fresh clone to a signed-in client, and write that file with its times
	.ci/setup edge
	cargo build $(NATIVE) --bins
	"$(TARGET)/debug/edgeward-transcript"

conformance: stack ## run the official conformance tool through the edge, as MCP client and as judge of authorization servers
	+cargo build -p edgeward-origin -p edgeward-tests -p edgeward-conformance --bins
	"$(TARGET)/debug/edgeward-conformance-run"

interop: stack ## other people's clients sign in, in a real browser, use the server, outlive their tokens, come back
	.ci/setup pages
	"$(TARGET)/debug/edgeward-interop"

pages: stack ## look at every page in a real browser, and make the pictures in tests/screenshots
	.ci/setup pages
	"$(TARGET)/debug/edgeward-pages"

load: stack size ## calls, streams, sign-ins and a fifth hostile, for LOAD_SECONDS=60 each; figures, then `load: ok`
	"$(TARGET)/debug/edgeward-load"

bench: size ## measure the edge beside its peers, BENCH_ROUNDS=5 of BENCH_SECONDS=3; BENCH_WRITE=1 writes BENCHMARKS.md
	.ci/setup bench
	+cargo build --release -p edgeward-tests --bin edgeward-bench
	"$(TARGET)/release/edgeward-bench"

capacity: ## simulate how many users Cognito's quotas let one deployment carry, and an outage; CAPACITY_WRITE=1 for the document
	.ci/setup rust
	cargo build -p edgeward-capacity
	"$(TARGET)/debug/edgeward-capacity"

check: ## what to run before pushing: format, lints, licences, targets, docs, fast tests
	.ci/setup rust check
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	.ci/lint
	cargo clippy $(NATIVE) --all-targets -- -D warnings
	.ci/check-macos
	cargo clippy $(WASM) -p edgeward-cloudflare -p edgeward-core -p edgeward-contract -p edgeward-identity -- -D warnings
	cargo check $(WASM) -p edgeward-core
	cargo check --target wasm32-wasip1 -p edgeward-core -p edgeward-contract
	RUSTDOCFLAGS='-D warnings' cargo doc $(NATIVE) --no-deps --document-private-items
	cargo deny check bans licenses sources
	release/notices --check
	cargo test -p edgeward-identity -p edgeward-core -p edgeward-contract

edge: setup-edge wasm ## compile the edge for Cloudflare Workers into edge/cloudflare/build
	@edge/cloudflare/bind "$(COMPILED)/edge/edgeward_cloudflare.wasm" $(BUILD) optimized

size: edge ## bundle the edge for every environment, and hold it to its budget: gzip bytes of JavaScript and wasm
	@edge/cloudflare/size "$(BUNDLE)"

budgets: ## count instructions and allocations of what requests and sign-ins cost, and hold them to what is recorded
	.ci/setup budgets
	@mkdir -p "$(TARGET)/tmp"
	@# Optimized as what is deployed.
	RUSTFLAGS='$(PORTABLE)' cargo bench --profile edge --target "$$(rustc --print host-tuple)" -p edgeward-core --features sha2/force-soft \
		--bench instructions -- --output-format=json >"$(TARGET)/tmp/instructions.json"
	cargo test -p edgeward-identity -p edgeward-core --test instructions --test allocations -- --nocapture

origin: ## compile what is in the origin's image, for ARCHITECTURE=arm64 or amd64, into target/image
	.ci/setup origin
	origin/compile $(ARCHITECTURE) target/image/$(ARCHITECTURE)

image: ## build the origin's container image into target/image, for `docker load`
	.ci/setup image
	origin/image $(ARCHITECTURE) target/image/edgeward-origin.tar

image-test: image ## run that image, locked down as on ECS, and test it
	cargo test $(NATIVE) --test container

infra-test: ## test the AWS stacks, without AWS
	.ci/setup infra
	@# The command `tsx` would leave a folder in the temporary one.
	cd infra && node --import tsx check.ts

notices: ## collect the licences of everything in bundle, image and tool into their NOTICES.txt
	.ci/setup rust
	release/notices

release: ## build what is given to others into target/release-artifacts: PARTS="worker image cli", each with notices and SBOM; checksums
	.ci/setup rust
	+release/build $(PARTS)

dist: ## build the tool with the Worker that it deploys into target/release-artifacts: on Linux static, for x86-64 and arm64; checksums
	@$(MAKE) --no-print-directory release PARTS=cli

deploy: named tool ## deploy DEPLOYMENT=prod to AWS and Cloudflare; BOOTSTRAP=yes the first time, DRY_RUN=yes to see what would change, LEAKED=origin-secret after a leak
	$(DEPLOY) deploy $(DEPLOYMENT) $(if $(BOOTSTRAP),--bootstrap) $(if $(DRY_RUN),--dry-run) $(if $(LEAKED),--leaked $(LEAKED))

destroy: named tool ## take DEPLOYMENT=prod away, with all its users; YES=yes to really do it
	$(DEPLOY) destroy $(DEPLOYMENT) $(if $(YES),--yes)

trial: named tool ## try DEPLOYMENT=trial in a real account, once: deploy, sign in by hand, measure, take it away; writes a report
	EDGEWARD_TOOL="$(TARGET)/debug/edgeward" infra/node_modules/.bin/tsx infra/trial.ts --deployment $(DEPLOYMENT) $(if $(BOOTSTRAP),--bootstrap) \
		$(if $(SKIP),--skip $(SKIP)) $(if $(AGAIN),--again $(AGAIN))

trial-cloudflare: named tool ## try the edge of DEPLOYMENT=trial at Cloudflare, once: push, rotate, stream, abort, measure; writes a report
	EDGEWARD_TOOL="$(TARGET)/debug/edgeward" infra/node_modules/.bin/tsx infra/trial-cloudflare.ts --deployment $(DEPLOYMENT) \
		$(if $(VIA),--via $(VIA)) $(if $(SKIP),--skip $(SKIP)) $(if $(AGAIN),--again $(AGAIN)) $(OPTIONS)

deploy-local: image stack ## deploy all of it to this machine, to an emulator of AWS; sign in, call, rotate, take it away
	.ci/setup deploy emulator
	@# The selection of `make test`, which then finds it compiled.
	+cargo build $(NATIVE) --bins
	"$(TARGET)/debug/edgeward-deploy-local"

reproducible: edge origin ## compile edge and origin once more in another folder, as another user, and compare byte for byte
	.ci/rebuild edge
	.ci/rebuild origin

lock: ## pin the Python packages of each *.in file, with hashes, into the *.txt file beside it
	.ci/lock

clean: ## remove everything that was built or installed into this folder, and say what is elsewhere
	@.ci/clean "$(TARGET)"

# The tools, the edge and the native programs are compiled at the same time: each has stretches that keep one core only.
# The Rust toolchain and Node come first: what is missing is said before anything compiles.
stack:
	@.ci/first-run "$(TARGET)" "make $(firstword $(MAKECMDGOALS))" 7 4
	.ci/setup rust node
	+$(MAKE) --no-print-directory -j"$$(getconf _NPROCESSORS_ONLN)" native edge

# Before anything compiles.
known-edges:
	@$(if $(filter-out $(KNOWN_EDGES),$(RUN_EDGES)),$(error EDGES names $(filter-out $(KNOWN_EDGES),$(RUN_EDGES)), which is no edge: there are $(KNOWN_EDGES)),:)

named:
	@$(if $(DEPLOYMENT),:,$(error say which: DEPLOYMENT=prod, for infra/deployments/prod.json))

tool:
	.ci/setup deploy
	+cargo build --locked -p edgeward-cli

native:
	+cargo build -p edgeward-origin -p edgeward-tests --bins

wasm: setup-edge
	+.ci/reproducible cargo build --locked --profile edge $(WASM) -p edgeward-cloudflare

# The edge with panics to order and the contract of its ports, which the tests run beside the real one. Into a folder of its own,
# and unoptimized: it is never deployed.
panicking-edge: setup-edge
	+cargo build $(WASM) -p edgeward-cloudflare --features test-panic,contract
	@edge/cloudflare/bind "$(COMPILED)/debug/edgeward_cloudflare.wasm" "$(TARGET)/panicking-edge"

setup-edge:
	+.ci/setup edge
