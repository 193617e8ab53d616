import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "quickstart.md"


@pytest.mark.slow
def test_quickstart_page_runs_from_top_to_bottom(workspace, monkeypatch):
    monkeypatch.chdir(workspace.data.parent)  # data/ and models/ of this test
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["mammogram"].pixels.ndim == 2
    assert names["imported"].prepared + names["imported"].quarantined == names["imported"].total
    assert (names["result"].status, names["result"].verified) == ("finished", True)
    assert names["report"].n > 0
    assert names["exam"].model == "demo"
    assert {breast.laterality for breast in names["exam"].breasts} <= {"L", "R"}
    assert all(0 <= breast.probability <= 1 for breast in names["exam"].breasts)
