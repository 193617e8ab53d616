import pytest

from mammo_core.errors import ConfigError
from mammo_core.phantoms.spec import MACHINES, DemoSpec


@pytest.mark.parametrize(
    "wrong", [{"patients": 0}, {"patients": 20_001}, {"seed": -1}, {"prevalence": 1.1}, {"rows": 32}, {"columns": 9000}]
)
def test_demo_spec_out_of_range_raises_config_error(wrong):
    with pytest.raises(ConfigError):
        DemoSpec(**wrong)


def test_demo_spec_pixel_size_at_full_resolution():
    assert DemoSpec(rows=2776, columns=2082).pixel_mm == pytest.approx(0.085, abs=1e-4)


def test_machine_weights_add_up_to_one_per_site():
    for site in (1, 2):
        assert sum(machine.weight for machine in MACHINES if machine.site == site) == pytest.approx(1.0)
    assert {machine.style for machine in MACHINES} == {"contrast", "flat"}
    assert {machine.bits for machine in MACHINES} == {10, 12, 16}
    assert {machine.syntax for machine in MACHINES} == {"jpeg2000", "jpeg_lossless"}
