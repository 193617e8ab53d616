import json
import os

import pandas as pd
import pytest

from mammo_core.storage.path_text import as_written, bytes_as_written, names_as_written, path_text, text_path

NAMES = [b"plain.dcm", "Müller".encode(), b"M\xfcller/\xe4\x80\xff.dcm", b"\xc3\x28", "\U0010f7fc\U0010f780x".encode()]


@pytest.mark.skipif(os.name == "nt", reason="names are text on Windows")
@pytest.mark.parametrize("name", NAMES)
def test_path_text_is_storable_and_comes_back_byte_for_byte(tmp_path, name):
    text = path_text(os.fsdecode(name))
    pd.DataFrame({"file": [text]}).to_parquet(tmp_path / "a.parquet")
    back = pd.read_parquet(tmp_path / "a.parquet")["file"].iloc[0]
    assert os.fsencode(text_path(json.loads(json.dumps(back)))) == name
    assert text.encode().decode() == text


def test_path_text_of_utf8_name_is_the_name():
    assert path_text("Müller/é.dcm") == "Müller/é.dcm"
    assert as_written("Müller/é.dcm") == "Müller/é.dcm"


def test_names_as_written_restores_every_string():
    text = path_text("\udcfc")
    assert names_as_written({"a": [text, 1, None], text: "b"}) == {"a": ["\udcfc", 1, None], "\udcfc": "b"}


def test_bytes_as_written_keep_names_that_are_not_utf8():
    name = b"M\xfcller \xc3\xa9.dcm"
    assert bytes_as_written(f"file,{path_text(os.fsdecode(name))}\n") == b"file," + name + b"\n"
