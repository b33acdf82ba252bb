"""Effects in parameter files: presets hold the published laws, files of one's own choose theirs."""

import numpy as np
import pytest

from xbarsim.effects import deviation
from xbarsim.errors import ParameterError
from xbarsim.parameters import PowerDrift, load_device, load_effects, preset_names


def test_the_law_of_a_preset_goes_through_its_single_value():
    checked = 0
    for name in preset_names():
        device, law = load_device(name), load_effects(name).variation
        middle = (device.g_min + device.g_max) / 2
        if device.sigma > 0:
            found = float(deviation(law, np.array(middle))) / middle
            assert found == pytest.approx(device.sigma, abs=5.1e-5), name
            checked += law.kind == "polynomial"
    assert checked == 5


def test_phase_change_memory_drifts_as_published():
    drift = load_effects("nandakumar2019").drift
    assert isinstance(drift, PowerDrift)
    assert (drift.nu, drift.t0) == (0.0244, 20.0)
    assert load_effects("mnsim2").stuck.on == 0.001
    assert load_effects("sonos40nm").read_noise.kind == "saturating"


def test_a_file_chooses_its_effects(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[device]\nr_min = 1e4\nr_max = 1e5\nsigma = 0.07\n")
    assert load_effects(path).variation.sigma == 0.07
    path.write_text(
        '[effects.drift]\nkind = "power"\nnu = 0.1\nt0 = 1.0\n[effects.stuck]\noff = 0.2\n'
    )
    found = load_effects(path)
    assert (found.drift.nu, found.stuck.off, found.variation.sigma) == (0.1, 0.2, 0.0)
    path.write_text('[effects.drift]\nkind = "linear"\n')
    with pytest.raises(ParameterError, match="linear"):
        load_effects(path)
    path.write_text("[effects]\nnoise = 1\n")
    with pytest.raises(ParameterError, match="unknown key 'noise'"):
        load_effects(path)
