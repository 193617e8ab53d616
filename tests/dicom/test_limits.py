import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOLDS_THE_INTERPRETER = """
import ctypes
from mammo_core.dicom.limits import hard_timeout
with hard_timeout(0.2):
    ctypes.PyDLL(None).sleep({seconds})
print("went on")
ctypes.PyDLL(None).usleep(400_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the C library's sleep is POSIX")
@pytest.mark.parametrize(("seconds", "status", "output"), [(20, 1, ""), (0, 0, "went on\n")])
def test_hard_timeout_terminates_process_while_native_code_holds_the_gil(seconds, status, output):
    code = HOLDS_THE_INTERPRETER.format(seconds=seconds)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, output, "")
