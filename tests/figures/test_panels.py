"""Every panel builds whatever a data set lacks, explains what is missing, and sends only aggregates to the browser."""

import json

import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.documents.units import UNITS
from mammo_core.explore.filters import Filters, apply_filters
from mammo_core.figures.panels import SECTIONS, MarkFilter, PanelSource, completeness, headline, sign_panels
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.phantoms.table import make_table

LABEL_COLUMNS = ["cancer", "biopsy", "invasive", "BIRADS", "density", "difficult_negative_case"]
REQUIRED = ["patient_id", "image_id", "laterality", "view"]
SUBSETS = {
    "full": lambda table: table,
    "no labels": lambda table: table.drop(columns=LABEL_COLUMNS),
    "no ages": lambda table: table.drop(columns="age"),
    "negatives only": lambda table: table[table["cancer"] == 0],
    "positives only": lambda table: table[table["cancer"] == 1],
    "partly labelled": lambda table: table.assign(cancer=table["cancer"].where(table["site_id"] == 1)),
    "required columns": lambda table: table[REQUIRED],
    "one image": lambda table: table.head(1),
    "one column the less": lambda table: table.drop(columns="machine_id"),
}


@pytest.fixture(scope="module")
def raw():
    return make_table(DemoSpec(patients=300, seed=1, prevalence=0.1))


def panels_of(selection, folder):
    shown = [panel for section in SECTIONS.values() for panel in section(selection)] + completeness(selection, folder)
    return {panel.key: panel for panel in shown}


def read(raw, folder, subset="full"):
    SUBSETS[subset](raw).to_csv(folder / "train.csv", index=False)
    return read_catalogue(folder).table


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("subset", SUBSETS)
def test_panels_build_for_every_subset_and_unit(raw, tmp_path, subset, unit):
    selection = apply_filters(read(raw, tmp_path, subset), Filters(), unit)
    assert len(headline(selection)) == (5 if selection.both_labels else 3)
    for panel in panels_of(selection, tmp_path).values():
        assert panel.reading.endswith(".")
        assert "nan" not in panel.reading
        assert panel.figure is None or panel.csv().count("\n") > 1


@pytest.mark.parametrize(("subset", "absent"), [
    ("full", {"columns", "headers"}),
    ("no ages", {"columns", "headers", "ages"}),
    ("no labels", {"columns", "headers", "funnel", "difficult", "by_density", "by_BIRADS"}),
    ("positives only", {"columns", "headers", "difficult"}),
    ("negatives only", {"columns", "headers"}),
    ("one column the less", {"columns", "headers", "by_machine_id"}),
])  # fmt: skip
def test_panels_omit_only_figures_without_their_column(raw, tmp_path, subset, absent):
    panels = panels_of(apply_filters(read(raw, tmp_path, subset), Filters(), "image"), tmp_path)
    assert {key for key, panel in panels.items() if panel.figure is None} == absent


def test_panels_explain_what_is_missing(raw, tmp_path):
    panels = panels_of(apply_filters(read(raw, tmp_path, "one column the less"), Filters(), "patient"), tmp_path)
    assert panels["by_machine_id"].reading == "These images have no machine."
    assert panels["by_view"].reading == "The view differs within a patient. Count by image to see this chart."
    assert (
        panels["by_laterality"].reading == "The laterality differs within a patient. Count by breast to see this chart."
    )
    assert panels["headers"].reading == "None of these images has its file on disk."


@pytest.mark.slow
def test_panels_change_with_the_unit(raw, tmp_path):
    table = read(raw, tmp_path)
    by_unit = {unit: panels_of(apply_filters(table, Filters(), unit), tmp_path) for unit in UNITS}
    for key in by_unit["image"].keys() - {"columns", "headers", "images"}:
        shown = [panel.figure.to_json() for panel in (by_unit[unit][key] for unit in UNITS) if panel.figure]
        assert len(set(shown)) == len(shown), key
    for unit in UNITS:
        titles = [
            panel.title
            for key, panel in by_unit[unit].items()
            if key not in {"columns", "headers", "images", "classes"}
        ]
        assert all(f"{unit}s" in title for title in titles)


def test_headline_of_patients_gives_counts_and_share_of_positives(raw, tmp_path):
    selection = apply_filters(read(raw, tmp_path), Filters(), "patient")
    shown = {name: (number, note) for name, number, note in headline(selection)}
    assert shown["Images"][0] == f"{len(raw):,}"
    assert shown["Patients"] == ("300", "30 positive · 10.0 %")
    assert shown["Positive patients"][0] == "10.0 %"
    assert shown["Negative : positive"] == ("9.0 : 1", "patients")


@pytest.mark.slow
def test_panels_payload_does_not_grow_with_rows(raw, tmp_path):
    many = pd.concat(
        [
            raw.assign(patient_id=raw["patient_id"] + 100_000 * n, image_id=np.arange(len(raw)) + n * len(raw))
            for n in range(8)
        ]
    )
    sizes = []
    for table in (raw, many):
        selection = apply_filters(read(table, tmp_path), Filters(), "image")
        figures = [panel.figure for panel in panels_of(selection, tmp_path).values() if panel.figure]
        sizes.append(sum(len(figure.to_json()) for figure in figures))
    assert sizes[1] < 1.1 * sizes[0]
    assert sizes[1] < 200_000


def test_panel_downloads_match_the_figure(raw, tmp_path):
    panel = panels_of(apply_filters(read(raw, tmp_path), Filters(), "breast"), tmp_path)["by_site_id"]
    (tmp_path / "table.csv").write_text(panel.csv())
    assert pd.read_csv(tmp_path / "table.csv")["positives"].tolist() == panel.table["positives"].tolist()
    assert panel.html().startswith("<!doctype html>")
    assert "cdn.plot.ly" not in panel.html().split("<body>")[1][:2000]


def test_panels_headers_of_existing_files(phantoms):
    selection = apply_filters(read_catalogue(phantoms).table, Filters(), "patient")
    headers = panels_of(selection, phantoms)["headers"]
    assert headers.figure is not None
    assert "512 × 384 pixels" in headers.reading
    assert headers.title.endswith("images")


def test_headline_of_one_label_has_no_shares(raw, tmp_path):
    selection = apply_filters(read(raw, tmp_path), Filters(label="positive"), "breast")
    assert {note for _, _, note in headline(selection)} == {"only positive breasts"}


def test_panels_of_one_label_count_instead_of_comparing(raw, tmp_path):
    panels = panels_of(apply_filters(read(raw, tmp_path), Filters(label="positive"), "breast"), tmp_path)
    assert panels["by_site_id"].title == "Breasts by site"
    assert panels["ages"].title == "Age, breasts"
    assert not {"leakage", "association", "age_cumulative", "by_age_band"} & panels.keys()


def test_panel_marks_filter_by_what_they_show(raw, tmp_path):
    panels = panels_of(apply_filters(read(raw, tmp_path), Filters(), "breast"), tmp_path)
    assert panels["by_site_id"].choices == {(0, 0): MarkFilter("site_id", "1"), (0, 1): MarkFilter("site_id", "2")}
    bands = panels["by_age_band"]
    assert bands.choices[0, bands.table["value"].tolist().index("50–59")] == MarkFilter(ages=(50, 59))
    assert panels["ages"].choices[0, 0] == MarkFilter(ages=(0, 29), label="positive")
    assert panels["ages"].choices[1, 12] == MarkFilter(ages=(85, 130), label="negative")
    assert panels["classes"].choices[1, 2] == MarkFilter(unit="patient", label="negative")
    assert not panels["leakage"].choices


def test_sign_panels_names_files_and_origin(raw, tmp_path):
    selection = apply_filters(read(raw, tmp_path), Filters(), "breast")
    panels = sign_panels(SECTIONS["Groups"](selection), "breast", PanelSource("my data", "site 1", "26 Nov 2026"))
    assert panels[0].file_name == "my-data-by-site-breast"
    assert panels[0].origin == "my data · breasts · site 1 · 26 Nov 2026"
    title = json.loads(panels[0].picture_json)["layout"]["title"]
    assert title["subtitle"]["text"] == panels[0].origin
    assert "Positive breasts by site" in panels[0].html()
