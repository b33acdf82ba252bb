"""Files of other tools: what is written is read again, and what is damaged is refused in words."""

import csv
import json
import struct
import subprocess

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from xbarsim.errors import ParameterError, StorageError
from xbarsim.interop import (
    SCHEMAS,
    file_schema,
    read_matrix,
    read_raw_file,
    write_matrix,
    write_table,
)


@pytest.mark.parametrize("kind", [".csv", ".npy", ".mat"])
def test_a_matrix_keeps_every_digit_and_its_orientation(tmp_path, draw, kind):
    matrix = draw.uniform(1e-6, 1e-4, (4, 3)) / 3
    write_matrix(tmp_path / f"g{kind}", matrix)
    found = read_matrix(tmp_path / f"g{kind}")
    assert np.array_equal(found, matrix)
    assert found.shape == (4, 3)


def test_a_mat_file_of_several_variables(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "g.mat", {"g": np.eye(2), "v": np.ones((1, 3))})
    assert read_matrix(tmp_path / "g.mat", "v").shape == (1, 3)
    with pytest.raises(StorageError, match="holds the variables g, v; name one"):
        read_matrix(tmp_path / "g.mat")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mat", b"MATLAB 5.0 MAT-file" + bytes(200)), ("a.mat", b""), ("a.npy", b"\x93NUMPY"),
        ("a.csv", b"1,x\n"), ("a.csv", b"1,2\n3\n"),
    ],
)  # fmt: skip
def test_a_damaged_matrix_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StorageError, match="is not a matrix of numbers"):
        read_matrix(tmp_path / name)


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(StorageError, match="ends in"):
        write_matrix(tmp_path / "g.xls", np.eye(2))
    with pytest.raises(StorageError, match="ends in"):
        write_table(tmp_path / "g.xls", {"a": [1]})


def test_tables_in_csv_and_parquet(tmp_path):
    from pyarrow import parquet

    columns = {"step": np.arange(3), "i_col [A]": np.array([1e-6, 2.5e-6, 1 / 3])}
    for kind in ("csv", "parquet"):
        write_table(tmp_path / f"t.{kind}", columns)
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [float(row["i_col [A]"]) for row in rows] == columns["i_col [A]"].tolist()
    found = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert found == {name: values.tolist() for name, values in columns.items()}
    with pytest.raises(StorageError, match="differ in length"):
        write_table(tmp_path / "t.csv", {"a": [1], "b": [1, 2]})


DECK = """* a divider
V1 in 0 3
R1 in out 1000
R2 out 0 2000
.save v(out) v(in) i(v1)
.dc V1 1 4 1
.end
"""


@pytest.mark.spice
@pytest.mark.parametrize("text", [False, True])
def test_raw_files_of_ngspice_are_read(tmp_path, monkeypatch, text):
    monkeypatch.setenv("SPICE_ASCIIRAWFILE", "1" if text else "0")
    (tmp_path / "d.cir").write_text(DECK)
    command = ["ngspice", "-n", "-b", "-r", "d.raw", "d.cir"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (b"Values:" in (tmp_path / "d.raw").read_bytes()) == text
    found = read_raw_file(tmp_path / "d.raw")
    np.testing.assert_allclose(found["v(out)"], np.arange(1, 5) * 2 / 3, rtol=1e-12)
    np.testing.assert_allclose(found["i(v1)"], -np.arange(1, 5) / 3000, rtol=1e-12)


HEAD = (
    "Title: * made by hand\nDate: today\nPlotname: {plot}\nFlags: real\nNo. Variables: 3\n"
    "No. Points: 2\nOffset: 0.0\nCommand: LTspice\nVariables:\n\t0\ttime\ttime\n\t1\tV(out)\tvoltage\n"
    "\t2\tI(R1)\tdevice_current\nBinary:\n"
)


def test_raw_files_as_ltspice_lays_them_out(tmp_path):
    """By LTspice's published layout: UTF-16, first vector double, the others single precision."""
    body = struct.pack("<dff", 0.0, 1.5, 2e-3) + struct.pack("<dff", -1e-9, 2.5, 4e-3)
    (tmp_path / "l.raw").write_bytes(HEAD.format(plot="Transient").encode("utf-16-le") + body)
    found = read_raw_file(tmp_path / "l.raw")
    np.testing.assert_allclose(found["time"], [0, 1e-9])
    np.testing.assert_allclose(found["v(out)"], [1.5, 2.5])
    np.testing.assert_allclose(found["i(r1)"], [2e-3, 4e-3], rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"hello", "no SPICE raw file"),
        (HEAD.encode() + bytes(5), "do not fit 2 points of 3 vectors"),
        (HEAD.replace("real", "complex").encode() + bytes(96), "'complex' vectors"),
        (HEAD.replace("Variables: 3", "Variables: 4").encode(), "does not agree with itself"),
    ],
)
def test_a_damaged_raw_file_is_refused(tmp_path, content, match):
    (tmp_path / "x.raw").write_bytes(content)
    with pytest.raises(StorageError, match=match):
        read_raw_file(tmp_path / "x.raw")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schemas_are_schemas_and_every_property_is_described(kind):
    schema = file_schema(kind)
    Draft202012Validator.check_schema(schema)
    tables = schema["properties"].values() if kind == "device" else [schema]
    for table in tables:
        for option in table.get("oneOf", [table]):
            for name, prop in option["properties"].items():
                assert prop.get("description"), name
    assert "#/$defs" not in json.dumps(schema) or schema["$defs"]


def test_an_unknown_schema_is_refused():
    with pytest.raises(ParameterError, match="choose device, case, recipe"):
        file_schema("chip")


def test_every_shipped_file_fits_its_schema():
    import tomllib
    from importlib import resources
    from pathlib import Path

    shipped = {
        "device": list((resources.files("xbarsim.parameters") / "presets").iterdir()),
        "recipe": list((resources.files("xbarsim.learning") / "recipes").iterdir()),
        "case": list((Path(__file__).parents[2] / "validation/cases").glob("*.toml")),
    }
    for kind, files in shipped.items():
        assert len(files) > 5
        validator = Draft202012Validator(file_schema(kind))
        for file in files:
            problems = [e.message for e in validator.iter_errors(tomllib.loads(file.read_text()))]
            assert problems == [], file.name


@pytest.mark.parametrize(
    "tables",
    [
        {"device": {"g_min": 1e-6}},
        {"device": {"g_min": 1e-6, "g_max": 1e-4, "r_min": 1e4}},
        {"device": {"g_min": 1e-6, "g_max": 1e-4, "sigmaa": 0.1}},
        {"device": {"g_min": 1e-6, "g_max": 1e-4}, "crossbar": {"r_driver": -1}},
        {"device": {"g_min": 1e-6, "g_max": 1e-4}, "cell": {"v0": 0.3}},
    ],
)
def test_what_xbarsim_refuses_the_schema_refuses(tables):
    assert list(Draft202012Validator(file_schema("device")).iter_errors(tables))


def test_units_stand_in_the_schema():
    table = file_schema("device")["properties"]["crossbar"]["properties"]
    assert table["r_wire_row"]["description"].endswith("[Ω]")
    assert "rows" not in table
