"""``xbarsim devices``: what a preset holds, effects and brackets included."""

import json
import os

from typer.testing import CliRunner

from xbarsim.cli.app import app


def test_a_preset_is_shown_with_its_effects():
    done = CliRunner().invoke(app, ["devices", "nandakumar2019", "--json"])
    assert done.exit_code == 0
    shown = json.loads(done.stdout)
    assert shown["effects"]["drift"]["t0"] == 20.0
    assert shown["effects"]["variation"]["kind"] == "polynomial"
    assert shown["crossbar"]["r_driver"] == 1000.0


def test_brackets_in_a_preset_are_text():
    width = {**os.environ, "COLUMNS": "200"}
    done = CliRunner().invoke(app, ["devices", "joshi2020"], env=width)
    assert "[effects]" in done.stdout
    assert "[crossbar]" in done.stdout
