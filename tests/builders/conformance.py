"""What programs of others object to in DICOM files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def require(command: str, package: str) -> None:
    """Skip the test where a command isn't installed, and fail it where all are to be."""
    if not shutil.which(command):
        if os.environ.get("DCIODVFY_REQUIRED"):
            pytest.fail(f"{command} is missing: install Debian's {package}")
        pytest.skip(f"{command} (Debian's {package}) isn't installed")


def conformance_errors(data: bytes, folder: Path) -> list[str]:
    """Return the errors that dciodvfy finds in a file."""
    require("dciodvfy", "dicom3tools")
    path = folder / "export.dcm"
    path.write_bytes(data)
    done = subprocess.run(["dciodvfy", str(path)], check=False, capture_output=True)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    assert any(line in ("SCImage", "ComprehensiveSR") for line in lines)
    return [line for line in lines if line.startswith("Error")] + [f"exit {done.returncode}"] * bool(done.returncode)


def dumped_report(data: bytes, folder: Path) -> str:
    """Return what dsrdump shows of a Structured Report; it must have nothing to object to."""
    require("dsrdump", "dcmtk")
    path = folder / "report.dcm"
    path.write_bytes(data)
    done = subprocess.run(["dsrdump", "+U8", "+Pc", "+Pl", str(path)], capture_output=True, text=True, check=True)
    assert not [line for line in done.stderr.splitlines() if line.startswith(("E:", "F:"))]
    return done.stdout
