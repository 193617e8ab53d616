from pathlib import Path

from benchmarks._report import Report

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_report_figure_that_misses_its_target_ends_with_status_1(capsys):
    report = Report(name_width=6)
    report.add("speed", "3 images/s", "at least 2", reached=True)
    report.add("memory", "9 MB", "at most 8 MB", reached=False)
    report.add("files", "4")
    assert report.summarise() == 1
    assert capsys.readouterr().out.splitlines() == [
        "speed  3 images/s                             target at least 2  ok",
        "memory 9 MB                                   target at most 8 MB  MISS",
        "files  4",
        "targets missed: memory",
    ]


def test_report_without_missed_target_ends_with_status_0(capsys):
    report = Report()
    report.add("speed", "3 images/s", "at least 2", reached=True)
    assert report.summarise() == 0
    assert capsys.readouterr().out.endswith("all targets met\n")


def test_benchmarks_with_targets_all_report_them_here():
    modules = [path for path in BENCHMARKS.glob("[!_]*.py") if "Report(" not in path.read_text(encoding="utf-8")]
    assert sorted(path.stem for path in modules) == ["convert_backbone", "demo_model", "real"]
