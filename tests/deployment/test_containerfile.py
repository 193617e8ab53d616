"""What the container file promises, as far as it can be read from it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deployment" / "Containerfile").read_text(encoding="utf-8")
SHIPPED = ["models/demo/", "models/backbones/"]


def copied() -> list[str]:
    return [source for line in re.findall(r"^COPY (.+)$", TEXT, re.MULTILINE) for source in line.split()[:-1]]


def test_containerfile_copies_what_exists_and_no_other_models():
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert [source for source in copied() if source.startswith("models")] == SHIPPED
    assert {"app.py", "pages/", "ui/", "mammo_core/", "deployment/", "requirements.txt"} <= set(copied())


def test_build_context_holds_what_is_copied_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied())


def test_containerfile_ends_as_an_ordinary_user_who_owns_no_code():
    user = re.search(r"^USER (\d+):(\d+)$", TEXT, re.MULTILINE)
    assert int(user[1]) > 0
    assert int(user[2]) > 0
    assert TEXT.index("USER ") > max(match.start() for match in re.finditer("COPY ", TEXT))
    assert "--chown" not in TEXT
    assert "MAMMO_OPEN_ACCESS" not in TEXT  # without sign-in it doesn't start
