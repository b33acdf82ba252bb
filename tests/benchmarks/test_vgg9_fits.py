"""The benchmark of fitted models really fits VGG9's tiles: a few of them here."""

import numpy as np

from xbarsim.benchmarks import vgg9_fits
from xbarsim.benchmarks.run import run_benchmarks
from xbarsim.parameters import load_crossbar


def test_the_tiles_are_those_of_vgg9():
    tiles = vgg9_fits.vgg9_tiles(load_crossbar("bhattacharjee2022", rows=64, cols=64))
    assert tiles.shape == (2928, 64, 64)
    assert 4e-6 < np.median(tiles) < 1.5e-5
    assert len(np.unique(tiles[::400, 5, 3])) == len(tiles[::400])


def test_the_quick_form_fits_a_few_tiles_of_every_kind(monkeypatch):
    monkeypatch.setattr(vgg9_fits, "_FEW", 2)
    found = run_benchmarks(quick=True, names=["vgg9-fits"])["vgg9-fits"]
    kinds = ("activity, gated rows", "activity, floating rows", "nonlinear static, sinh cells")
    figures = found["figures"]
    for kind in kinds:
        own = {name: value for name, value in figures.items() if name.startswith(kind)}
        assert len(own) == 4
        (worst,) = (value for name, value in own.items() if "worst" in name)
        assert 0 < worst[0] <= 0.01
        assert worst[1] == "<= 0.01"
        (seconds,) = (value for name, value in own.items() if name.endswith("[s]"))
        assert seconds[0] > 0
        assert seconds[1] == ""
    assert "cores" in found["notes"]["load"]
