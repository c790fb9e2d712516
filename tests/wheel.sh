#!/usr/bin/env bash
# A wheel for other machines of this kind: built here, and given the manylinux tag of the oldest glibc that it runs with.
#
#     bash tests/wheel.sh PYTHON FOLDER
#
# PYTHON has scikit-build-core, nanobind and auditwheel, the path patchelf. The wheel is for that Python and this processor.
# What was built stays in build/wheel. `make wheel` calls it with the Python of .venv.
set -eu
cd "$(dirname "$0")/.."
python=$1 out=$2 plain=build/wheel/plain
rm -rf "$plain"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-2}
"$python" -m pip wheel --quiet --no-deps --no-build-isolation --config-settings build-dir=build/wheel/objects --wheel-dir "$plain" .
"$python" -m auditwheel repair --wheel-dir "$out" "$plain"/*.whl
ls "$out"/*manylinux*.whl
