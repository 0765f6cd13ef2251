# The usual targets; each calls CMake or a script.
# SPDX-License-Identifier: MIT
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc)

.PHONY: all demo test test-arm test-tiers test-long tsan msan analyze coverage fuzz bench install \
        clean format

all:
	cmake --preset release
	cmake --build --preset release --parallel $(JOBS)

demo:
	./demo

test:
	./test

# Everything that ./test leaves out because it takes long: sweeps over every point, all tests under
# the sanitizers, threads, and some fuzzing.
test-long: test
	ctest --test-dir build/ci -L '^long$$' --output-on-failure
	ALEXNET_TEST_LONG=1 ctest --test-dir build/ci -R '^train/(train|run/run_folder)$$' --output-on-failure
	ctest --preset asan --parallel $(JOBS)
	$(MAKE) tsan
	scripts/fuzz

# ThreadSanitizer, for the loader's workers and the trainer; without OpenMP, whose runtime is not
# instrumented.
tsan:
	cmake --preset tsan
	cmake --build --preset tsan --parallel $(JOBS)
	ctest --preset tsan --parallel $(JOBS)

# MemorySanitizer, on the tests that read nothing from uninstrumented libraries: docs/coverage.md.
# Needs clang.
msan:
	cmake --preset msan
	cmake --build --preset msan --parallel $(JOBS)
	ctest --preset msan --parallel $(JOBS)

# gcc's analyzer over the library and the program: its findings are errors.
analyze:
	cmake --preset analyze
	cmake --build --preset analyze --parallel $(JOBS)

# Lists the branches of parsers and checkpoints that no test takes: docs/coverage.md.
coverage:
	scripts/coverage

# The tests for 64-bit ARM, with the NEON kernels, by a cross compiler and qemu.
test-arm:
	scripts/install-deps --arm
	cmake --preset arm
	cmake --build --preset arm --parallel $(JOBS)
	@echo "Left out, because each takes minutes on an emulated processor:"
	@ctest --test-dir build/arm -N -L not-emulated | grep '#'
	ctest --preset arm --parallel $(JOBS)

# All tests, as processors with fewer instruction sets run them.
test-tiers:
	for tier in avx512 avx2 portable; do \
		cmake --preset $$tier && cmake --build --preset $$tier --parallel $(JOBS) && \
		ctest --preset $$tier --parallel $(JOBS) || exit 1; \
	done

# FUZZ_SECONDS=600 make fuzz
fuzz:
	scripts/fuzz

bench: all
	build/release/alexnet bench train
	build/release/alexnet bench infer
	build/release/alexnet bench latency

# CMake itself handles DESTDIR=...
install: all
	cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build

format:
	scripts/format
