import subprocess
import sys

import pytest

PRINT = """
import os, sys
from mammo_core.storage.standard_output import accept_all_characters
accept_all_characters()
print("0.9 ≥ 0.5 – 256 × 256 " + os.fsdecode(b"M\\xfcller") + " é 漢")
"""


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("cp1252", "0.9 >= 0.5 – 256 × 256 Müller é ?".encode("cp1252")),
        ("ascii", b"0.9 >= 0.5 - 256 x 256 M\xfcller ? ?"),
        ("utf-8", "0.9 ≥ 0.5 – 256 × 256 ".encode() + b"M\xfcller" + " é 漢".encode()),
    ],
)
def test_standard_output_prints_every_character_and_name(encoding, expected):
    command = [sys.executable, "-X", "utf8=0", "-c", PRINT]
    environment = {"PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.rstrip() == expected
