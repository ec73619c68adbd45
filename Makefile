# Everything from a fresh clone with Node >= 20.19, npm and make.
.PHONY: demo test bench build setup lint clean

demo: build
	@node scripts/demo.mjs

test: build
	@node scripts/test.mjs

bench: build
	@node bench/run.mjs

build: setup
	@npm run --silent build

setup:
	@sh scripts/setup.sh

lint: setup
	@npm run --silent lint

clean:
	rm -rf dist node_modules demo-out test-evidence
