"""This module is the trial of calibration: do stated intervals hold, on noisy ngspice data?"""

import numpy as np

from xbarsim.calibration import Measurements, calibrate
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.spice import spice_currents

Figures = dict[str, tuple[float, str]]
_NOISE = 0.01


def bench_calibration(*, quick: bool) -> Figures:
    """Fit four resistances to ngspice currents of a 64x64 array under 200 vectors, with 1 % noise."""
    device = load_device("bhattacharjee2022")
    start = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    truth = start.replace(r_driver=830.0, r_wire_row=6.2, r_wire_col=8.1, r_sense=1240.0)
    draw = np.random.default_rng(0)
    g = draw.uniform(device.g_min, device.g_max, start.shape)
    v = draw.uniform(0.0, device.v_read, (200, start.rows))
    clean = spice_currents(g, v, truth).i_col
    repetitions = 10 if quick else 50
    inside = np.zeros((repetitions, 4), dtype=bool)
    for k in range(repetitions):
        noisy = clean * (1 + _NOISE * draw.standard_normal(clean.shape))
        found = calibrate(Measurements(v, noisy), g, start)
        inside[k] = [e.low <= getattr(truth, e.name) <= e.high for e in found.estimates]
    return {
        "all four inside their 95 % intervals [share]": (
            float(inside.all(axis=1).mean()),
            ">= 0.9",
        ),
        "worst single resistance [share]": (float(inside.mean(axis=0).min()), ">= 0.9"),
        "repetitions": (float(repetitions), "50"),
    }
