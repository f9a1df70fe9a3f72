# A thin front for Meson and Ninja. `make demo` and `make check` need nothing but a Debian 12 or 13 machine.

BUILD        ?= build
FUZZ_SECONDS ?= 60
NINJA        := ninja $(if $(JOBS),-j$(JOBS))

# What the sanitizers run: unit tests, stanza tests, the loader and the command line.
SANITIZED := base/ ir/ isa/ space/ cache/ vm/ linux/loader linux/stack linux/vdso cli/

.PHONY: all demo check check-all asan ubsan fuzz bench format lint clean

all: $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

demo:
	scripts/deps build demo
	$(MAKE) $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD) isomorph
	examples/demo $(BUILD)

check:
	scripts/deps build demo test
	$(MAKE) $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)
	scripts/run-tests $(BUILD)

check-all:
	scripts/deps build demo test
	$(MAKE) $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)
	scripts/run-tests $(BUILD) -s all

# Leaks do not count while building: isagen leaves its memory to the system.
asan: SANITIZER := address
ubsan: SANITIZER := undefined
asan ubsan:
	scripts/deps build demo test
	test -f build-$@/build.ninja || meson setup build-$@ -Db_sanitize=$(SANITIZER) -Db_lundef=false
	ASAN_OPTIONS=detect_leaks=0 $(NINJA) -C build-$@
	scripts/run-tests build-$@ -s sanitizer $(SANITIZED)

fuzz:
	scripts/deps build demo fuzz
	test -f build-fuzz/build.ninja || CC=clang meson setup build-fuzz -Dfuzz=true -Db_lundef=false
	$(NINJA) -C build-fuzz fuzz-targets
	scripts/run-fuzz build-fuzz $(FUZZ_SECONDS)

bench: $(BUILD)/build.ninja
	scripts/deps build demo
	$(NINJA) -C $(BUILD) isomorph
	bench/run $(BUILD)

format:
	scripts/deps lint
	scripts/check-format --fix

lint:
	scripts/deps lint
	scripts/check-floors
	scripts/check-format

clean:
	rm -rf $(BUILD) build-asan build-ubsan build-fuzz
