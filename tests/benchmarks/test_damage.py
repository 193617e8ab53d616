import pytest

from benchmarks import damage

FOUR = ["JPEGBaseline8Bit", "JPEGExtended12Bit", "JPEGLossless", "JPEGLosslessSV1"]


@pytest.mark.parametrize("strict_rejects", [True, False])
def test_damage_is_missed_where_a_prediction_accepts_what_libjpeg_warns_of(strict_rejects, monkeypatch, capsys):
    monkeypatch.setattr(damage, "SHAPE", (64, 48))
    monkeypatch.setattr(damage, "visibly_wrong", lambda stream, picture: True)
    monkeypatch.setattr(damage, "libjpeg_warns", lambda stream, frame: True)
    monkeypatch.setattr(damage, "is_rejected", lambda stream, syntax, strict: strict and strict_rejects)
    status = damage.main(["--streams", "3"])
    *lines, last = (line.split() for line in capsys.readouterr().out.splitlines())
    assert status == (0 if strict_rejects else 1)
    assert [line[:-1] for line in lines[:3]] == [
        ["JPEGBaseline8Bit:", "wrong", "streams"],
        ["JPEGBaseline8Bit:", "import", "rejects"],
        ["JPEGBaseline8Bit:", "prediction", "rejects"],
    ]
    assert [line[-1] for line in lines[:4]] == ["3", "0", "3" if strict_rejects else "0", "3"]
    assert [line[0] for line in lines[::5]] == [f"{syntax}:" for syntax in FOUR]
    assert last[:2] == (["all", "targets"] if strict_rejects else ["targets", "missed:"])


def test_damage_without_wrong_streams_misses_nothing(monkeypatch, capsys):
    monkeypatch.setattr(damage, "SHAPE", (64, 48))
    monkeypatch.setattr(damage, "visibly_wrong", lambda stream, picture: False)
    assert damage.main(["--streams", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["JPEGBaseline8Bit:", "wrong", "streams", "0"]
