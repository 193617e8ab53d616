from pathlib import Path

from ui.tour import STEPS


def test_tour_has_six_steps_on_pages_that_exist():
    pages = {path.stem for path in (Path(__file__).parents[2] / "pages").glob("*.py")}
    assert len({page for page, _, _ in STEPS} & pages) == len(STEPS) == 6
