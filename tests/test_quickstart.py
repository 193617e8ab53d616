"""The Python of the quickstart and of the README runs as it stands."""

import re
import zipfile
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "quickstart.md"
README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_quickstart_page_runs_from_top_to_bottom(workspace, monkeypatch):
    monkeypatch.chdir(workspace.data.parent)  # data/ and models/ of this test
    names: dict[str, object] = {}
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["mammogram"].pixels.ndim == 2
    assert names["imported"].prepared + names["imported"].quarantined == names["imported"].total
    assert (names["result"].status, names["result"].verified) == ("finished", True)
    assert names["report"].n > 0
    assert names["exam"].model == "demo"
    assert [breast.laterality for breast in names["exam"].breasts] == ["L", "R"]
    assert [breast.probability for breast in names["exam"].breasts if not 0 < breast.probability < 1] == []


@pytest.mark.slow
def test_readme_library_block_prints_the_probability_of_a_zipped_exam(workspace, phantoms, monkeypatch, capsys):
    exam = sorted(phantoms.glob("train_images/*"))[0]
    with zipfile.ZipFile(workspace.data.parent / "exam.zip", "w") as archive:
        for file in sorted(exam.iterdir()):
            archive.write(file, file.name)
    monkeypatch.chdir(workspace.data.parent)
    (block,) = BLOCK.findall(README.read_text(encoding="utf-8"))
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(block, README.name, "exec"), names)
    report = names["report"]
    assert (report.model, len(report.predictions)) == ("demo", len(list(exam.iterdir())))
    assert capsys.readouterr().out == f"{report.breasts[0].probability}\n"
