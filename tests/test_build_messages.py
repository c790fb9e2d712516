"""A build that lacks something ends in one message that names it and the mend: CMake is run on machines made poorer."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
CMAKE = shutil.which("cmake") or ""
pytestmark = pytest.mark.skipif(not CMAKE, reason="cmake is not on the path")


def configured(tmp_path, *options, **environment):
    command = [CMAKE, "-S", HOME, "-B", tmp_path / "build", "-DLINOCUT_PYTHON=OFF", *options]
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    return found.returncode, " ".join(found.stderr.split())


@pytest.fixture
def poor(tmp_path):
    """A folder to be the path, with make and no compiler."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "make").symlink_to(shutil.which("make") or pytest.skip("make is not on the path"))
    return str(tmp_path / "bin")


def test_no_compiler(tmp_path, poor):
    status, text = configured(tmp_path, PATH=poor)
    assert status != 0 and text.count("CMake Error") == 1
    assert "No C++ compiler was found (CXX is '')" in text and "sudo apt install g++" in text


def test_a_compiler_that_is_not_there(tmp_path):
    status, text = configured(tmp_path, PATH=os.environ["PATH"], CXX="/nonexistent/c++")
    assert status != 0 and "No C++ compiler was found (CXX is '/nonexistent/c++')" in text


def test_an_old_compiler(tmp_path):
    old = ["-DCMAKE_CXX_COMPILER_FORCED=1", "-DCMAKE_CXX_COMPILER_ID=GNU", "-DCMAKE_CXX_COMPILER_VERSION=10.2"]
    old += ["-DCMAKE_CXX_COMPILER_ID_RUN=1", "-DCMAKE_CXX_COMPILER=/bin/true"]
    status, text = configured(tmp_path, *old, PATH=os.environ["PATH"])
    assert status != 0 and text.count("CMake Error") == 1
    assert "/bin/true is GCC 10.2, linocut needs 11 or later" in text and "CXX=g++-11 pip install ." in text


def test_windows(tmp_path):
    status, text = configured(tmp_path, "-DCMAKE_HOST_WIN32=1", PATH=os.environ["PATH"])
    assert status != 0 and text.count("CMake Error") == 1
    assert "linocut does not build on Windows; install it in WSL" in text


def test_an_old_cmake(tmp_path):
    """The file is read by this one under the name of an older version, up to where it stops."""
    script = tmp_path / "old.cmake"
    script.write_text(f'set(CMAKE_VERSION 3.18.4)\ninclude("{HOME / "CMakeLists.txt"}")\n')
    found = subprocess.run([CMAKE, "-P", script], capture_output=True, text=True)
    text = " ".join(found.stderr.split())
    assert found.returncode != 0
    assert "CMake is 3.18.4, linocut needs 3.20 or later; run: pip install 'cmake>=3.20'" in text
