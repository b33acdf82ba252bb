"""The gate: it finds a record that covers what is asked, or says the command that makes one."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.errors import OutOfValidatedRangeError, ParameterError, StorageError
from xbarsim.parameters import CrossbarParams, SinhCell, TopologyParams, load_crossbar
from xbarsim.validation import ValidationCase, find_record, validate, validate_command
from xbarsim.validation.find import record_folders

SMALL = CrossbarParams(rows=4, cols=3)


@pytest.fixture(scope="module")
def record():
    return validate(ValidationCase(name="tiny", sizes=((4, 3),), circuits=2, vectors=2))


@pytest.fixture
def folder(record, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("validation/records")
    path.mkdir(parents=True)
    record.save(path / "tiny.json")
    (path / "broken.json").write_text("{}")
    return path


@pytest.mark.spice
def test_a_record_in_the_own_folder_is_found_and_named(folder, device):
    found = find_record(SMALL, device)
    assert (found.record.case, found.path) == ("tiny", folder / "tiny.json")


@pytest.mark.spice
@pytest.mark.parametrize("name", ["", "tiny.json"])
def test_an_explicit_place_is_the_only_one_searched(folder, device, name, tmp_path):
    assert find_record(SMALL, device, where=folder / name).record.case == "tiny"
    with pytest.raises(OutOfValidatedRangeError, match="no validation record yet"):
        find_record(SMALL, device, where=tmp_path)
    with pytest.raises(StorageError):
        find_record(SMALL, device, where=tmp_path / "absent.json")
    with pytest.raises(ParameterError):
        find_record(SMALL, device, where=folder / "broken.json")


def test_the_shipped_records_license_every_preset_at_its_sizes(device):
    for rows in (16, 32, 64, 128):
        crossbar = load_crossbar("bhattacharjee2022", rows=rows, cols=rows)
        found = find_record(crossbar, device)
        assert found.record.passed
        assert found.path.name == "bhattacharjee2022.json"
    assert all(folder.name == "records" for folder in record_folders())


@pytest.mark.spice
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"cell": SinhCell()}, r"cell is sinh v0=0\.3326; covered: linear"),
        ({"topology": TopologyParams(silent="gated")}, "topology is the plain array silent=gated"),
        ({"model": "activity"}, "'activity' was not judged, only exact, closed_form, ideal"),
        ({"model": "ideal"}, "'ideal' did not pass: error"),
        ({"conductance": (5e-6, 1.0)}, "conductance is"),
    ],
)
def test_what_a_record_does_not_say_is_refused(folder, device, options, match):
    with pytest.raises(OutOfValidatedRangeError, match=match):
        find_record(SMALL, device, where=folder, **options)


@pytest.mark.spice
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("crossbar", "changes"),
    [
        (CrossbarParams(rows=3, cols=5), {}),
        (CrossbarParams(rows=2, cols=2, r_sense=0.0, r_wire_row=7.5), {"g_max": 1e-3}),
        (CrossbarParams(rows=2, cols=3), {"name": "unknown", "g_min": 1e-7, "v_read": 0.2}),
    ],
)
def test_the_command_in_a_refusal_makes_the_record_that_was_missing(device, crossbar, changes):
    asked = device.replace(**changes)
    span = (0.0, 4 * asked.g_max)
    with pytest.raises(OutOfValidatedRangeError) as refusal:
        find_record(crossbar, asked, conductance=span)
    (command,) = (
        line.strip() for line in str(refusal.value).split("\n") if line.startswith("    ")
    )
    assert command == validate_command(crossbar, asked, conductance=span)
    words = shlex.split(command)
    assert words[0] == "xbarsim"
    short = ["--no-report", "--set", "circuits=2", "--set", "vectors=2"]
    done = CliRunner().invoke(app, [*words[1:], *short])
    assert done.exit_code == 0, done.output
    found = find_record(crossbar, asked, conductance=span)
    assert found.path.name == f"{asked.name}-{crossbar.rows}x{crossbar.cols}.json"
