# Every command installs what it needs first, so that a fresh clone can begin with any of them.
.DEFAULT_GOAL := help
.PHONY: help install demo dev test test-kafka test-cluster test-images test-python test-newcomer test-all bench bench-trainer prove-trainer check docs

# The package's own Node; where install scripts were not allowed to link it, its binary still lies below the package.
NODE = $(firstword $(wildcard node_modules/node/bin/node node_modules/node/node_modules/node-*/bin/node))
# What Node has made of the sources is kept from start to start: the services start in half the time.
export NODE_COMPILE_CACHE ?= $(CURDIR)/.cache/compile
TEST = $(NODE) --test

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

node_modules/.package-lock.json: package-lock.json package.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

install: node_modules/.package-lock.json

demo: install ## play a bot's life from first training to rollback, in a scratch directory
	@node bin/trainyard.js demo

dev: install ## run every service on this machine until Ctrl-C
	@node bin/trainyard.js dev

test: install ## every guarantee that needs Node alone, against a real PostgreSQL
	@$(TEST) --test-concurrency=3 --test-global-setup=test/harness/setup.ts 'test/**/*.test.ts'
	@echo "Left out: make test-kafka (a real Apache Kafka; needs Java 17 and Maven), make test-cluster (a real Kubernetes control plane; needs Linux, root and Go 1.26), make test-images (the container images; needs all that, buildah and debootstrap), make test-python (the training program in Python; needs Python 3.11) and make test-newcomer (a fresh clone, then make demo and make test in it). make test-all runs everything."

test-kafka: install ## every guarantee on a real Apache Kafka, and its examples in Java and Python; needs Java 17, Maven and Python 3
	@# kafkajs may leave a timer behind when it was cut off; a service exits all the same, and so does a test.
	@$(TEST) --test-concurrency=2 --test-force-exit --test-timeout=300000 --test-global-setup=test/kafka/broker/setup.ts 'test/kafka/**/*.kafka.ts'

test-cluster: install ## every guarantee on a real Kubernetes control plane; needs Linux, root and Go 1.26, and ten minutes to build it once
	@$(TEST) --test-concurrency=2 --test-timeout=600000 --test-global-setup=test/cluster/setup.ts 'test/**/*.cluster.ts'

test-images: install ## build the container images, and train a bot in them on a real control plane; needs what test-cluster needs, buildah and debootstrap
	@$(TEST) --test-timeout=1200000 --test-global-setup=test/cluster/setup.ts 'test/images/**/*.images.ts'

test-python: install ## every guarantee of the training program in Python, and through the whole chain; needs Python 3.11 with venv and pip
	@$(TEST) --test-concurrency=2 --test-timeout=300000 --test-global-setup=test/python/setup.ts 'test/python/**/*.python.ts'

test-newcomer: ## prove the newcomer's way: a fresh clone with an empty npm prefix and the machine's own Node
	@bash test/newcomer.sh

test-all: test test-kafka test-cluster test-images test-python test-newcomer ## everything, one after the other

bench: install ## measure speed and size, print a table and write bench.json
	@$(NODE) test/bench/main.ts

bench-trainer: install ## measure wide-deep on CLINC150 and print its figures; takes some ten minutes
	@$(NODE) test/bench/wide-deep.ts

prove-trainer: install ## prove that wide-deep beats wide on CLINC150 in the whole chain; takes some two minutes
	@$(NODE) --test --test-global-setup=test/harness/setup.ts test/chain/clinc.proof.ts

check: install ## formatting, lint, types, and whether what is generated is current
	@node_modules/.bin/biome check --error-on-warnings .
	@node_modules/.bin/tsc -p .
	@$(NODE) schemas/generate.ts --check
	@# An id that was ever committed is in somebody's bytes: it stays what it was.
	@for commit in $$(git log --format=%H -- schemas/ids.json 2>/dev/null); do \
	  $(NODE) schemas/generate.ts --check --since $$commit || exit 1; done
	@$(NODE) services/kit/reference.ts --check
	@$(NODE) deploy/generate.ts --check

docs: install ## write the generated documents and manifests anew
	@$(NODE) schemas/generate.ts
	@$(NODE) services/kit/reference.ts
	@$(NODE) deploy/generate.ts
