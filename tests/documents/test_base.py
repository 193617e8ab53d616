"""What all documents have in common."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pydantic import JsonValue, ValidationError

import mammo_core.documents
from builders.doctor import report
from builders.lessons import make_lesson
from builders.store_evaluations import make_store_evaluation
from mammo_core.documents.active_model import ActiveModel
from mammo_core.documents.base import FileDocument
from mammo_core.documents.dataset import DatasetInfo, DatasetLink, StoreSource
from mammo_core.documents.image_map import ImageMap
from mammo_core.documents.job import JobProcess, JobState
from mammo_core.documents.leave_out import LeaveOutList
from mammo_core.documents.look_alikes import LookAlikeIndex
from mammo_core.documents.metrics import _RECORDS
from mammo_core.documents.progress import Progress
from mammo_core.documents.run_tags import RunTags
from mammo_core.documents.training_config import RunConfig, TrainingConfig
from mammo_core.documents.verification import Verification
from mammo_core.errors import MammoError
from mammo_core.jobs.demo import DemoJob
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS

SECRET = "patient-4711"
ODD = [
    None, True, -1, 0, 1.5, 1e308, 2**62, 10**400, "", "\ud800", "\0", "x" * 10_000, "../..", "2026-01-01", "NaN", [], {}, [[]],
    {"a": 1},
]  # fmt: skip
EXAMPLES = [
    JobState(state="running", message="", time=1.0),
    JobProcess(host="a", pid=1, created=1.0, started=3),
    Progress(done=1, total=2),
    ActiveModel(name="a"),
    DatasetInfo(synthetic=True),
    DatasetLink(path="/a"),
    StoreSource(csv="a", dataset="b", synthetic=True),
    RunTags(tags=("good",), archived=True),
    RunConfig.model_validate(TrainingConfig(store="a").to_json() | {"schema_version": 1}),
    make_lesson(),
    make_store_evaluation(),
    report(),
    LeaveOutList(dataset="demo"),
    LookAlikeIndex(images="a", vectors="look-alikes-v1-0.npy", typical=1.0, far=1.2, limit=1.5),
    ImageMap(images="a", points="image-map-v1-0.npy", landmarks=3, around=2, kept=0.5),
]


@pytest.mark.parametrize(
    ("validate", "value"),
    [
        (Progress.model_validate, {"done": SECRET, "total": 1}),
        (Progress.model_validate, {"done": 1, "total": 1, "other": SECRET}),
        (_RECORDS.validate_python, [{"kind": "start", "time": SECRET, "parts": {}}]),
        (_RECORDS.validate_python, [SECRET]),
        (DemoJob.model_validate, {"kind": "demo", "out": "demo", "patients": SECRET}),
        (DemoJob.model_validate, SECRET),
    ],
)
def test_validation_error_does_not_quote_its_input(validate, value):
    with pytest.raises(ValidationError) as caught:
        validate(value)
    assert SECRET not in str(caught.value)


def kinds(parent: type = FileDocument) -> Iterator[type[FileDocument]]:
    """Yield the kinds of files of the package `documents`."""
    for module in pkgutil.iter_modules(mammo_core.documents.__path__, "mammo_core.documents."):
        importlib.import_module(module.name)
    for kind in parent.__subclasses__():
        if hasattr(kind, "file_name") and kind.__module__.startswith(mammo_core.documents.__name__):
            yield kind
        yield from kinds(kind)


def examples() -> dict[type[FileDocument], JsonValue]:
    """Return a valid file of each kind: the shipped model's, or one made here."""
    documents = {type(document): document.to_json() for document in EXAMPLES}
    for path in (SHIPPED_MODELS / DEMO).glob("*.json"):
        for kind in kinds():
            with suppress(MammoError):
                kind.read(path)
                documents[kind] = json.loads(path.read_text())
    return documents


def json_paths(document: JsonValue, path: tuple = ()) -> Iterator[tuple]:
    yield path
    entries = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document[:2] if isinstance(document, list) else [])
    )
    for key, value in entries:
        yield from json_paths(value, (*path, key))


def with_value(document: JsonValue, path: tuple, value: JsonValue) -> JsonValue:
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = with_value(document[path[0]], path[1:], value)
    return copy


@pytest.mark.slow
def test_odd_json_in_any_document_is_a_data_error(tmp_path):
    path, read = tmp_path / "document.json", 0
    documents = examples()
    assert set(kinds()) - set(documents) <= {Verification}
    for kind, document in documents.items():
        all_paths = list(json_paths(document))
        for json_path in all_paths[:: 1 + len(all_paths) // 40]:
            for odd in ODD:
                path.write_text(json.dumps(with_value(document, json_path, odd)))
                with suppress(MammoError):
                    kind.read(path).to_json()
                    read += 1
    assert read > 50  # odd, but not wrong: a text of 10,000 characters, for instance
