import os
from pathlib import Path

import pytest

from builders.archives import tarred, zipped
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import DataError
from mammo_core.prediction.files import FileNote, InputFile, OpenedFiles, find_files, open_archives


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


def input_file(name: str, source: bytes | Path) -> InputFile:
    return InputFile(name, source, f"key of {name}")


def contents(files: tuple[InputFile, ...]) -> list[tuple[str, bytes]]:
    return [(file.name, file.source if isinstance(file.source, bytes) else file.source.unpack()) for file in files]


def test_find_files_searches_folders_for_possible_images(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.dcm", "a/b/y", "a/1.2.840.113619.2.5", "a/notes.txt", ".hidden", "DICOMDIR"):
        (tmp_path / name).write_bytes(b"")
    files = find_files([tmp_path])
    assert [Path(file.name).name for file in files] == ["1.2.840.113619.2.5", "y", "x.dcm"]
    assert files[2].source == tmp_path / "x.dcm"


def test_find_files_returns_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.dcm").write_bytes(b"")
    assert find_files([Path("x.dcm")]) == [InputFile("x.dcm", tmp_path / "x.dcm", str(tmp_path / "x.dcm"))]


def test_find_files_empty_folder_or_missing_path_raises(tmp_path):
    with pytest.raises(DataError, match="None of these paths holds a file"):
        find_files([tmp_path])
    with pytest.raises(DataError, match="no file or folder"):
        find_files([tmp_path / "nowhere"])


def test_open_archives_on_disk_gives_members(tmp_path, sandbox):
    (tmp_path / "exam.zip").write_bytes(zipped({"exam/1": b"one", "exam/2": b"two", "exam/readme_txt": b""}))
    opened = open_archives(find_files([tmp_path / "exam.zip"]), sandbox)
    assert contents(opened.files) == [("exam/1", b"one"), ("exam/2", b"two"), ("exam/readme_txt", b"")]
    assert (opened.unreadable, opened.incomplete) == ((), ())


def test_open_archives_in_memory_keeps_other_files_and_reports_unreadable_archives(sandbox):
    files = [
        input_file("exam.ZIP", zipped({"exam/1": b"one", "exam/2": b"two"})),
        input_file("z", b"three"),
        input_file("bad.zip", b"no zip"),
        input_file("none.zip", zipped({})),
    ]
    opened = open_archives(files, sandbox)
    assert contents(opened.files) == [("exam/1", b"one"), ("exam/2", b"two"), ("z", b"three")]
    assert len({file.key for file in opened.files}) == 3
    bad, none = opened.unreadable
    assert bad.file == "bad.zip"
    assert "damaged or of an unknown kind" in bad.text
    assert none == FileNote("none.zip", "This archive holds no files.")


def test_open_archives_skips_members_that_cannot_be_images(sandbox):
    members = dict.fromkeys(("DICOMDIR", "autorun.inf", "JPG/1.JPG", "in.zip", "images/1"), b"image")
    opened = open_archives([input_file("cd.zip", zipped(members))], sandbox)
    assert contents(opened.files) == [("images/1", b"image")]
    assert opened.unreadable == ()
    assert opened.incomplete == (
        FileNote("cd.zip", "Skipped 4 of 5 files (.inf, .jpg, .zip, DICOMDIR). Unpack the archives in it first."),
    )


def test_open_archives_without_images_reports_the_archive(sandbox):
    opened = open_archives([input_file("notes.zip", zipped({"DICOMDIR": b"x"}))], sandbox)
    assert opened == OpenedFiles(unreadable=(FileNote("notes.zip", "Skipped 1 of 1 files (DICOMDIR)."),))


def test_open_archives_known_archive_is_not_opened_again(sandbox):
    file, known = input_file("exam.zip", zipped({"1": b"one"})), {}
    first = open_archives([file], sandbox, known)
    assert known == {file.key: first}
    damaged = InputFile(file.name, b"damaged", file.key)
    assert open_archives([damaged], sandbox, known) == first


def test_open_archives_opens_tar_and_names_archives_that_are_not_opened(sandbox):
    files = [
        input_file("exam.tar", tarred({"1": b"one", "in.7z": b"x"})),
        input_file("exam.tar.gz", tarred({"1": b"one"}, "w:gz")),
    ]
    files += [input_file("a.RAR", b"x"), input_file("1.dcm.gz", b"three")]
    opened = open_archives(files, sandbox)
    assert contents(opened.files) == [("1", b"one"), ("1.dcm.gz", b"three")]
    assert [note.file for note in opened.unreadable] == ["exam.tar.gz", "a.RAR"]
    assert "are not opened. Unpack it" in opened.unreadable[0].text
    assert opened.incomplete == (FileNote("exam.tar", "Skipped 1 of 2 files (.7z). Unpack the archives in it first."),)


def test_find_files_follows_links_and_keeps_broken_ones(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.dcm").touch()
    folder = tmp_path / "exam"
    folder.mkdir()
    (folder / "patient").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(folder)
    (folder / "2.dcm").symlink_to("nowhere")
    assert [file.source for file in find_files([folder])] == [folder / "2.dcm", folder / "patient" / "1.dcm"]


def test_find_files_latin1_name_is_storable_and_leads_to_the_file(tmp_path):
    path = tmp_path / os.fsdecode(b"M\xfcller.dcm")
    path.write_bytes(b"x")
    (file,) = find_files([tmp_path])
    file.name.encode()
    assert file.source == path


def test_find_files_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe is neither a file nor a folder"):
        find_files([tmp_path / "pipe"])
