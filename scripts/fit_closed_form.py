"""Fit the closed form's coefficient to ngspice, and report its error on other circuits.

Writes xbarsim/fast/closed_form.json; run it from the repository's root. Needs ngspice.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from xbarsim.fast.closed_form import COEFFICIENTS, closed_form_conductance
from xbarsim.parameters import CrossbarParams, load_device
from xbarsim.spice import spice_currents

PATTERNS = 300
FIT = [(16, 16), (24, 32), (32, 24), (40, 40)]
HELD_OUT = [(20, 28), (28, 44), (36, 18), (44, 44)]
ENDS = [(1e3, 1e3), (100.0, 300.0), (0.0, 0.0)]


def circuits(sizes: list[tuple[int, int]], seed: int) -> list[dict[str, Any]]:
    """Draw arrays of every size, ends and conductances, and solve each in ngspice."""
    device, draw = load_device("bhattacharjee2022"), np.random.default_rng(seed)
    drawn = []
    for (rows, cols), (r_driver, r_sense) in ((s, e) for s in sizes for e in ENDS):
        for kind in ("uniform", "low"):
            share = draw.random((rows, cols))
            if kind == "low":
                share = np.minimum(1, draw.exponential(0.12, (rows, cols)))
            g = device.g_min + (device.g_max - device.g_min) * share
            crossbar = CrossbarParams(rows=rows, cols=cols, r_driver=r_driver, r_sense=r_sense)
            spikes = draw.random((PATTERNS, rows)) < draw.uniform(0.02, 0.9, (PATTERNS, 1))
            run = spice_currents(g, np.eye(rows), crossbar)
            drawn.append(
                {
                    "name": f"{rows}x{cols}, {kind}, ends {r_driver:g} and {r_sense:g} Ohm",
                    "strength": rows * cols * crossbar.r_wire_col * device.g_max,
                    "inputs": (g, crossbar),
                    "spikes": np.concatenate([spikes, np.eye(rows, dtype=np.bool_)]),
                    "g_eff": run.i_col,
                    "solver": run.provenance.solver,
                }
            )
    return drawn


def errors(circuit: dict[str, Any], bounces: int, kappa: float) -> np.ndarray:
    """Return the errors of all patterns and columns, as shares of full scale."""
    g, crossbar = circuit["inputs"]
    exact = circuit["spikes"] @ circuit["g_eff"]
    found = circuit["spikes"] @ closed_form_conductance(g, crossbar, bounces=bounces, kappa=kappa)
    return (found - exact) / exact.max()


def main() -> None:
    """Fit, judge, write."""
    fit, held_out = circuits(FIT, 0), circuits(HELD_OUT, 1)
    kappa, report = {}, {}
    for bounces in (1, 2):

        def loss(x: float, bounces: int = bounces) -> float:
            return sum(float((errors(c, bounces, x) ** 2).mean()) for c in fit)

        kappa[str(bounces)] = float(minimize_scalar(loss, bounds=(0.5, 1.5), method="bounded").x)
        report[str(bounces)] = {
            circuit["name"]: {
                "N^2 R/R_MIN": round(circuit["strength"], 3),
                "max error": float(np.abs(off).max()),
                "rms error": float(np.sqrt((off**2).mean())),
                "max error unfitted": float(np.abs(errors(circuit, bounces, 1.0)).max()),
            }
            for circuit in held_out
            for off in [errors(circuit, bounces, kappa[str(bounces)])]
        }
    result = {
        "command": "python scripts/fit_closed_form.py",
        "solver": fit[0]["solver"],
        "kappa": kappa,
        "fitted_to": [circuit["name"] for circuit in fit],
        "held_out": report,
    }
    path = Path("xbarsim/fast") / COEFFICIENTS
    path.write_text(json.dumps(result, indent=1) + "\n")
    for bounces, circuits_ in report.items():
        worst = max(values["max error"] for values in circuits_.values())
        print(f"{bounces} bounces: kappa {kappa[bounces]:.4f}, worst held-out error {worst:.2e}")


if __name__ == "__main__":
    main()
