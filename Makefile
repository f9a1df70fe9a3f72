# A thin front for Meson and Ninja. `make demo` and `make check` need nothing but a Debian 12 or 13 machine.

BUILD        ?= build
FUZZ_SECONDS ?= 60
NINJA        := ninja $(if $(JOBS),-j$(JOBS))
DEPS          = scripts/deps -f $(BUILD)/build.ninja
# What of the build folder is installed: `all` would be the tests too.
INSTALLED     = $$(meson introspect --installed $(BUILD) | tr ',' '\n' | sed -n 's|.*"$(realpath $(BUILD))/\([^"]*\)": .*|\1|p')
AGAIN        := @$(MAKE) --no-print-directory

# What the sanitizers run: unit tests, stanza tests, the loader and the command line.
SANITIZED := base/ code/ ir/ isa/ space/ host/ translate/ cache/ vm/ linux/loader linux/stack linux/vdso cli/

.PHONY: all setup install tests demo check check-all asan ubsan sanitize fuzz bench format lint clean

all: setup
	$(NINJA) -C $(BUILD)

# Configures the build folder unless that has been done; anew if scripts/deps has installed something since.
setup:
	@test -f $(BUILD)/build.ninja || \
	    meson setup $(if $(wildcard $(BUILD)/meson-private),--wipe) $(BUILD) $(SETUP)

# make install [PREFIX=/usr] [DESTDIR=folder]
install: setup
	$(if $(PREFIX),meson configure $(BUILD) -Dprefix=$(PREFIX))
	$(NINJA) -C $(BUILD) $(INSTALLED)
	meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

demo:
	@$(DEPS) build demo
	$(AGAIN) setup
	$(NINJA) -C $(BUILD) isomorph
	@examples/demo $(BUILD)

# From Meson 1.7 on, what only tests need is not part of `all`.
tests: setup
	$(NINJA) -C $(BUILD) all meson-test-prereq

check:
	@$(DEPS) build demo test
	$(AGAIN) tests
	@scripts/run-tests $(BUILD)

check-all:
	@$(DEPS) build demo test
	$(AGAIN) tests
	@scripts/run-tests $(BUILD) -s all

asan:
	$(AGAIN) sanitize BUILD=build-asan SETUP='-Db_sanitize=address -Db_lundef=false'

ubsan:
	$(AGAIN) sanitize BUILD=build-ubsan SETUP='-Db_sanitize=undefined -Db_lundef=false'

# Leaks do not count while building: isagen leaves its memory to the system.
sanitize:
	@$(DEPS) build demo test
	@ASAN_OPTIONS=detect_leaks=0 $(MAKE) --no-print-directory tests
	@scripts/run-tests $(BUILD) -s sanitizer $(SANITIZED)

fuzz: BUILD := build-fuzz
fuzz:
	@$(DEPS) build demo fuzz
	$(AGAIN) setup BUILD=$(BUILD) SETUP='-Dfuzz=true -Db_lundef=false' CC=clang
	$(NINJA) -C $(BUILD) fuzz-targets
	@scripts/run-fuzz $(BUILD) $(FUZZ_SECONDS)

# make bench [BENCH="rows, groups and options of bench/run"]
bench:
	@$(DEPS) build demo bench
	$(AGAIN) setup
	$(NINJA) -C $(BUILD) isomorph
	@bench/run $(BUILD) $(BENCH)

# Renews the host code that tests/translate/golden expects.
golden: $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD) tests/translate/test_golden
	tests/translate/renew-golden $(BUILD)

format:
	@scripts/deps lint
	scripts/check-format --fix

lint:
	@scripts/deps lint
	scripts/check-floors
	scripts/check-docs
	scripts/check-format

clean:
	rm -rf $(BUILD) build-asan build-ubsan build-fuzz
