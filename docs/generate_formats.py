"""Write docs/formats.md from the models in mammo_core/documents: `make formats`."""

import importlib
import inspect
import json
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, JsonValue

import mammo_core.documents
import mammo_core.jobs
from mammo_core.documents.base import Document, FileDocument, PrintedDocument
from mammo_core.jobs.spec import JobSpec

FORMATS = Path(__file__).parent / "formats.md"
HEAD = """# File formats

Every file on disk and every JSON document on standard output has a model in `mammo_core/documents`, and each kind of job
one in `mammo_core/jobs`; this page is generated from them by `make formats`. A type "… or null" may be null; a field
with a default may be missing, and then has that value. Unknown keys are refused, and so are NaN and infinity.

Prepared stores, bundles and job folders also hold files of other formats: PNG, Parquet tables, Keras' own `.keras`.
"""
PRIMITIVES = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    Any: "any JSON",
    types.NoneType: "null",
    AwareDatetime: "date and time",
    Path: "path as text",
}


def documents() -> dict[types.ModuleType, list[type[Document]]]:
    """Return the documents of each module, in the order of the source."""
    by_module = {}
    for info in (
        *pkgutil.iter_modules(mammo_core.documents.__path__, "mammo_core.documents."),
        *pkgutil.iter_modules(mammo_core.jobs.__path__, "mammo_core.jobs."),
    ):
        module = importlib.import_module(info.name)
        classes = [
            model
            for model in vars(module).values()
            if inspect.isclass(model) and issubclass(model, Document) and model.__module__ == module.__name__
        ]
        models = [model for model in classes if model not in (Document, FileDocument, PrintedDocument, JobSpec)]
        if models:
            by_module[module] = models
    return by_module


def attribute_texts(model: type) -> dict[str, str]:
    """Return the meaning of each attribute that a class docstring lists.

    The docstring is in Google style. Several attributes may share one text: `low, high: bounds of the interval.`
    """
    _, _, section = inspect.cleandoc(model.__dict__.get("__doc__") or "").partition("Attributes:\n")
    texts = {}
    for entry in re.split(r"\n(?=    \S)", section.partition("\n\n")[0]):
        names, _, text = " ".join(entry.split()).partition(": ")
        texts |= dict.fromkeys((name.strip() for name in names.split(",")), text)
    return texts


def field_texts(model: type[Document]) -> dict[str, str]:
    """Return the meaning of each field of a document; empty where there is none."""
    listed = {"schema_version": "version of this format."}
    for parent in reversed(model.__mro__):
        listed |= attribute_texts(parent)
    return {name: field.description or listed.get(name, "") for name, field in model.model_fields.items()}


def undocumented_fields() -> list[str]:
    """Return the fields without a description, as Model.field."""
    models = [model for models in documents().values() for model in models]
    return [f"{model.__name__}.{name}" for model in models for name, text in field_texts(model).items() if not text]


def type_text(annotation: Any) -> str:
    """Return a type in words, with links to other documents."""
    if annotation in PRIMITIVES:
        return PRIMITIVES[annotation]
    if annotation is JsonValue:
        return "any JSON"
    if inspect.isclass(annotation) and issubclass(annotation, Document):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _generic_text(annotation) or getattr(annotation, "__name__", str(annotation))


def _generic_text(annotation: Any) -> str:
    arguments, origin = get_args(annotation), get_origin(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_text(argument) for argument in arguments))
    if origin in (list, tuple):
        return "list of " + ", ".join(type_text(argument) for argument in arguments if argument is not Ellipsis)
    if origin is not None and arguments:
        return f"object: {type_text(arguments[-1])} by {type_text(arguments[0])}"
    return ""


def rows(model: type[Document]) -> Iterator[str]:
    """Yield the table of a document's fields in Markdown."""
    yield "| Field | Type | Default | Meaning |"
    yield "| --- | --- | --- | --- |"
    texts = field_texts(model)
    for name, field in model.model_fields.items():
        if field.is_required():
            default = ""
        elif isinstance(value := field.get_default(call_default_factory=True, validated_data={}), Document):
            default = "see there"
        else:
            default = f"`{json.dumps(value)}`"
        text = texts[name].rstrip(".").replace("None", "null")
        yield f"| `{field.alias or name}` | {type_text(field.annotation)} | {default} | {text.replace('|', chr(92) + '|')} |"


def description(documented: object) -> str:
    """Return a docstring without the sections that follow its text."""
    text = inspect.getdoc(documented) or ""
    return re.split(r"\n\n?(?:Attributes|Args|Raises|Returns):", text)[0].strip()


def markdown() -> str:
    """Return the page docs/formats.md."""
    parts = [HEAD]
    for module, models in documents().items():
        title, _, rest = description(module).partition("\n\n")
        parts.append(f"## {title.rstrip('.')}\n")
        if rest:
            parts.append(f"{rest}\n")
        for model in models:
            parts.append(f"### {model.__name__}\n")
            if file_name := getattr(model, "file_name", None):
                parts.append(f"File: `{file_name}`\n")
            parts.append(f"{description(model)}\n")
            parts.append("\n".join(rows(model)) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Write the page; return 1 if a field has no meaning yet."""
    FORMATS.write_text(markdown(), encoding="utf-8")
    missing = undocumented_fields()
    if missing:
        print(f"These fields have no description: {', '.join(missing)}.", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
