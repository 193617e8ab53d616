import io

import pandas as pd

from builders.predictions import binormal_breasts
from mammo_core.evaluation.sample_size import PrecisionGoal, sample_size_report
from mammo_core.figures.sample_size import sample_size_figure, sample_size_panel, sizes_table

REPORT = sample_size_report(binormal_breasts(60, 240), "breast", PrecisionGoal(), "a <i>")


def test_figure_draws_the_curve_and_marks_what_is_here_and_needed():
    curve, here, needed = sample_size_figure(REPORT).data
    assert list(curve.x) == [size.positive for size in REPORT.curve]
    assert list(curve.y) == [size.half_width for size in REPORT.curve]
    assert (here.name, tuple(here.x), tuple(here.y)) == ("here", (60,), (REPORT.present.half_width,))
    assert (needed.name, tuple(needed.x)) == ("needed", (REPORT.needed.positive,))


def test_figure_draws_the_wanted_width_as_a_line():
    (line,) = sample_size_figure(REPORT).layout.shapes
    assert (line.y0, line.y1) == (0.03, 0.03)


def test_panel_is_read_by_the_verdict_and_its_numbers_are_those_of_the_curve():
    panel = sample_size_panel(REPORT, "26 Nov 2026")
    assert panel.reading == REPORT.verdict
    assert panel.origin == "a <i> · its held-out patients · breasts · 26 Nov 2026"
    assert panel.file_name == "a-i--patients-needed"
    table = pd.read_csv(io.StringIO(panel.csv()))
    assert table["positive"].tolist() == sizes_table(REPORT.curve)["positive"].tolist()
