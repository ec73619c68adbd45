# Everything from a fresh clone with Node >= 20.19, npm and make.
.PHONY: demo test fuzz bench build setup lint clean

demo: build
	@node scripts/demo.mjs

test: build
	@node scripts/test.mjs

# All of what a commit's tests take a part of: damaged files for every reader, tiles, kills, kinds of image in GIMP.
fuzz: build
	@UPREEL_FUZZ=$${UPREEL_FUZZ:-20000} npx vitest run fuzz core/codec/hostile core/upscaler/open-upscaler video/resume bridge/gimp-batch

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
