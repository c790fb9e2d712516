#!/usr/bin/env bash
# The native tests under sanitizers: of addresses and undefined behaviour, then of threads.
#
#     bash tests/sanitize.sh PYTHON [address] [thread]
#
# `make sanitize` calls it with the Python of .venv. Builds are kept in build/sanitize-*.
set -eu
cd "$(dirname "$0")/.."
python=$1
shift
site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')

# The package with a binding that was built so.  $1: folder, $2: sanitizers
build() {
    cmake -S . -B "$1" -DLINOCUT_WERROR=ON -DLINOCUT_SANITIZE="$2" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 \
        -DPython_EXECUTABLE="$(command -v "$python")" > /dev/null
    cmake --build "$1" --parallel 2
    rm -rf "$1/python"
    mkdir -p "$1/python"
    cp -r src/linocut "$1/python"
    rm -f "$1"/python/linocut/{_native*,linocut-runner} # those of a build in place
    cmake --install "$1" --prefix "$PWD/$1/python" > /dev/null
}

# pytest in a Python that loads the sanitizer first, and libstdc++, whose exceptions it watches. -S: an editable install of
# linocut would bring its own binding. --capture=sys: what a sanitizer reports before it ends all must be seen.
# $1: folder, $2: library, then what pytest is told
check() {
    local folder=$1 library=$2
    shift 2
    env LD_PRELOAD="$(c++ -print-file-name="$library") $(c++ -print-file-name=libstdc++.so)" PYTHONPATH="$folder/python:$site" \
        ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 TSAN_OPTIONS=halt_on_error=1 \
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 PYTHONDONTWRITEBYTECODE=1 \
        "$python" -S -m pytest -q --capture=sys -p no:cacheprovider "$@"
}

# Where addresses are few, the sanitizer itself ends: it wants terabytes of them.
address() {
    build build/sanitize-address address,undefined
    check build/sanitize-address libasan.so tests/test_native_loader.py tests/test_native_session.py tests/fuzz/test_corpus.py \
        tests/data/test_jpeg_damage.py \
        tests/ops/test_edges.py tests/ops/test_native_matches_reference.py tests/ops/test_conv2d_weight_gradient_blocks.py \
        tests/ops/test_micro_batch.py tests/ops/test_panels.py tests/run/test_golden.py tests/run/test_runner.py tests/run/test_tiled_same_bits.py \
        tests/run/test_small_stacks.py \
        -k "not test_the_reference and not test_a_machine_without_memory"
}

# What shares work: every instruction on three threads, and whole trainings on up to eight with the best set of kernels.
# One thread for NumPy's OpenBLAS, in the references: it is not built with the sanitizer, which so takes what its threads
# write (dgemm's memset) and NumPy frees later for a race. Every thread that is left to watch is linocut's.
thread() {
    local best
    build build/sanitize-thread thread
    best=$("$python" -c 'from linocut import _native; print(_native.isas()[0])')
    OPENBLAS_NUM_THREADS=1 check build/sanitize-thread libtsan.so tests/run/test_threads.py tests/run/test_golden.py \
        tests/run/test_tiled_same_bits.py tests/ops/test_native_matches_reference.py tests/run/test_small_stacks.py \
        -k "test_many or test_native_matches_reference and not any_shape or test_tiled or test_every_instruction_set and $best \
            or test_a_thread_with and 128 and $best or test_rounding"
}

if [ $# = 0 ]; then set -- address thread; fi
for kind; do "$kind"; done
