"""The committed decks are fresh, and run in plain ngspice to what the oracle says."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from xbarsim.spice.batch import read_raw
from xbarsim.spice.golden import golden_files, refresh_golden

NETLISTS = Path(__file__).parents[2] / "netlists"
DECKS = sorted(name for name in golden_files() if name.endswith(".cir"))


def test_every_committed_file_is_fresh():
    assert refresh_golden(NETLISTS, check=True) == []


def test_refreshing_writes_what_is_missing_or_stale_and_nothing_else(tmp_path):
    assert len(refresh_golden(tmp_path, check=False)) == len(golden_files())
    (tmp_path / "2x2_op.cir").write_text("* old\n")
    assert refresh_golden(tmp_path, check=True) == [tmp_path / "2x2_op.cir"]
    assert refresh_golden(tmp_path, check=False) == [tmp_path / "2x2_op.cir"]
    assert refresh_golden(tmp_path, check=True) == []


@pytest.mark.spice
@pytest.mark.parametrize("name", DECKS)
def test_a_golden_deck_runs_by_hand_and_conserves_current(name, tmp_path):
    done = subprocess.run(
        ["ngspice", "-b", "-r", str(tmp_path / "out.raw"), name],
        cwd=NETLISTS, capture_output=True, check=True,
    )  # fmt: skip
    assert b"rror" not in done.stderr
    assert b"arning" not in done.stderr
    raw = read_raw((tmp_path / "out.raw").read_bytes())
    sensed = sum(values for key, values in raw.items() if key.startswith(("v(bl", "v(lb")))
    given = -sum(values for key, values in raw.items() if key.startswith("i("))
    if "time" in raw:
        sensed, given = (np.trapezoid(current, raw["time"]) for current in (sensed, given))
    np.testing.assert_allclose(sensed / 1e3, given, rtol=1e-3 if "time" in raw else 1e-8)


def test_there_is_a_deck_of_every_kind_of_cell_and_of_every_choice_of_topology():
    from typing import get_args

    from xbarsim.parameters import CellParams, TopologyParams

    kinds = {kind.model_fields["kind"].default for kind in get_args(CellParams)}
    decks = {name.removesuffix(".cir").split("_", 1)[1] for name in DECKS}
    named = {"linear": "op", "subckt": "own_device"}
    assert {named.get(kind, kind) for kind in kinds} <= decks
    fields = TopologyParams.model_fields
    choices = {
        (
            "differential"
            if field == "columns"
            else f"{field}_{choice}"
            if field != "silent"
            else choice
        )
        for field in ("drive", "sense", "silent", "columns")
        for choice in get_args(fields[field].annotation)
        if choice != fields[field].default
    }
    assert choices | {"leads", "wires"} <= decks
    assert {f"transient_{silent}" for silent in get_args(fields["silent"].annotation)} <= decks


def test_each_cell_library_says_equation_pins_units_and_source():
    libraries = {name: text for name, text in golden_files().items() if name.endswith(".lib")}
    assert len(libraries) == 7
    for name, text in libraries.items():
        for word in ("I = ", "Pins:", "Parameters:", "[S]", "Source:"):
            assert word in text, (name, word)
