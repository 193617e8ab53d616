import zlib

import pytest

from mammo_core.dicom.zip_member import DEFLATED, STORED, UNREADABLE, ZipMember
from mammo_core.errors import ImageError

CONTENTS = b"a mammogram " * 50


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(("method", "compressed"), [(STORED, CONTENTS), (DEFLATED, deflate(CONTENTS))])
def test_unpack_from_memory_and_disk_returns_the_contents(tmp_path, method, compressed):
    (tmp_path / "exam.zip").write_bytes(b"before" + compressed + b"after")
    assert ZipMember(compressed, 0, len(compressed), method, len(CONTENTS)).unpack() == CONTENTS
    assert ZipMember(tmp_path / "exam.zip", 6, len(compressed), method, len(CONTENTS)).unpack() == CONTENTS


@pytest.mark.parametrize("size", [0, len(CONTENTS) - 1, len(CONTENTS) + 1])
@pytest.mark.parametrize(("method", "compressed"), [(STORED, CONTENTS), (DEFLATED, deflate(CONTENTS))])
def test_unpack_wrong_size_raises_image_error(method, compressed, size):
    with pytest.raises(ImageError, match="damaged within its zip file"):
        ZipMember(compressed, 0, len(compressed), method, size).unpack()


@pytest.mark.parametrize("cut", [1, 5])
def test_unpack_truncated_data_raises_image_error(cut):
    compressed = deflate(CONTENTS)[:-cut]
    with pytest.raises(ImageError, match="damaged within its zip file"):
        ZipMember(compressed, 0, len(compressed), DEFLATED, len(CONTENTS)).unpack()


def test_unpack_unreadable_method_raises_image_error():
    with pytest.raises(ImageError, match="encrypted within its zip file") as caught:
        ZipMember(b"", 0, 0, UNREADABLE, 0).unpack()
    assert caught.value.reason == "unsupported"


def test_repr_omits_the_source():
    assert "mammogram" not in repr(ZipMember(CONTENTS, 0, len(CONTENTS), STORED, len(CONTENTS)))
