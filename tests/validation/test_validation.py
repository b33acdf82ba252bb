"""A record is evidence: it repeats to the digit, fails when a model is wrong, and knows its limits."""

import json

import numpy as np
import pytest

from xbarsim.errors import OutOfValidatedRangeError, ParameterError, StorageError
from xbarsim.parameters import CrossbarParams
from xbarsim.validation import ValidationCase, drift, load_record, validate
from xbarsim.validation.circuits import draw_circuits, find_circuit
from xbarsim.validation.decks import worst_deck
from xbarsim.validation.metrics import bootstrap, circuit_errors, summarise
from xbarsim.validation.models import exact

CASE = ValidationCase(name="small", sizes=((4, 3), (6, 6)), circuits=2, vectors=4)


@pytest.fixture(scope="module")
def record():
    return validate(CASE)


@pytest.mark.spice
def test_the_exact_model_passes_and_the_record_says_where(record):
    assert record.passed
    assert record.errors["max_error"] <= 1e-11
    assert record.n_outputs == 2 * 4 * 3 + 2 * 4 * 6
    assert record.envelope.rows == (4, 6)
    assert record.envelope.conductance[0] == 0
    assert record.envelope.conductance[1] > 5e-5


@pytest.mark.spice
def test_a_record_repeats_to_the_digit_and_survives_the_disk(record, tmp_path):
    record.save(tmp_path / "a.json")
    validate(CASE).replace(provenance=record.provenance).save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()
    assert load_record(tmp_path / "a.json") == record


@pytest.mark.spice
@pytest.mark.parametrize("wrong", ["transposed ends", "no wires", "off by one segment"])
def test_a_wrong_model_does_not_pass(wrong, monkeypatch):
    right = exact.effective_conductance

    def broken(g, c, **kwargs):
        if wrong == "transposed ends":
            c = c.replace(r_driver=c.r_wire_row, r_wire_row=c.r_driver)
        elif wrong == "no wires":
            return g
        else:
            c = c.replace(r_sense=c.r_sense + c.r_wire_col)
        return right(g, c, **kwargs)

    monkeypatch.setattr(exact, "effective_conductance", broken)
    found = validate(CASE)
    assert not found.passed
    with pytest.raises(OutOfValidatedRangeError, match="did not pass"):
        found.require(CrossbarParams(rows=4, cols=4))


@pytest.mark.spice
@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rows": 64}, "rows is 64; covered: 4 to 6"),
        ({"r_wire_col": 11.0}, "r_wire_col is 11 Ω; covered: 10 to 10 Ω"),
        ({"r_sense": 0.0}, "r_sense is 0 Ω"),
    ],
)
def test_outside_its_envelope_a_record_refuses_by_name_value_and_interval(record, change, match):
    inside = CrossbarParams(rows=5, cols=5)
    record.require(inside, (0.0, 5e-5))
    with pytest.raises(OutOfValidatedRangeError, match=match):
        record.require(inside.replace(**change))
    with pytest.raises(OutOfValidatedRangeError, match=r"conductance is 5e-06 to 0\.1 S"):
        record.require(inside, (5e-6, 0.1))


@pytest.mark.spice
def test_a_rerun_does_not_drift_and_another_seed_does(record):
    assert drift(validate(CASE), record) == []
    moved = drift(validate(CASE.replace(seed=1)), record)
    assert any("seeds" in line for line in moved)
    assert any("deck of" in line for line in moved)


@pytest.mark.spice
def test_a_time_budget_ends_the_run_and_the_record_says_so():
    found = validate(CASE.replace(budget=1e-9))
    assert (found.n_circuits, found.ended_by) == (1, "budget")


@pytest.mark.spice
def test_the_worst_circuit_can_be_written_as_a_deck(record):
    deck = worst_deck(record)
    assert f"small: {record.primary.worst.name}, worst for exact" in deck
    assert ".dc Vidx 0 3 1" in deck
    with pytest.raises(ParameterError, match="draws no circuit"):
        find_circuit(CASE, "nosuch")


def test_bootstrap_intervals_narrow_with_more_circuits(draw):
    def circuits(n):
        return [
            circuit_errors(r + 0.01 * draw.standard_normal(r.shape), r, 2 * r)
            for r in draw.uniform(1, 2, (n, 3, 4))
        ]

    few, many = (bootstrap(circuits(n), seed=0)["nrmse"] for n in (4, 64))
    assert few[0] <= few[1]
    assert many[1] - many[0] < few[1] - few[0]


@pytest.mark.parametrize("kind", ["uniform", "bimodal", "lognormal", "low_g", "wide"])
def test_every_conductance_statistic_is_what_it_says(kind):
    case = ValidationCase(name="x", sizes=((40, 40),), circuits=1, statistics=(kind,))
    (circuit,) = draw_circuits(case)
    g = circuit.conductance
    inside = (g >= 5e-6 * (1 - 1e-12)) & (g <= 5e-5 * (1 + 1e-12))
    assert (g == 0).any() == (kind == "wide")
    assert inside.all() == (kind != "wide")
    mean = {"uniform": 2.75e-5, "bimodal": 2.75e-5, "low_g": 1.04e-5}.get(kind)
    if mean:
        assert g.mean() == pytest.approx(mean, rel=0.05)


def test_metrics_by_hand():
    reference = np.array([[1.0, 2.0], [0.0, 4.0]])
    ideal = 2 * reference
    found = summarise(
        [circuit_errors(reference + np.array([[0.4, 0.0], [0.0, -0.2]]), reference, ideal)]
    )
    assert found["max_error"] == pytest.approx(0.1)
    assert found["nrmse"] == pytest.approx(np.sqrt((0.1**2 + 0.05**2) / 4))
    assert found["bias"] == pytest.approx((0.1 - 0.05) / 4)
    assert found["reference_nonideality_raw"] == pytest.approx(0.5)
    assert found["reference_nonideality_after_gain"] == pytest.approx(0.0, abs=1e-12)
    assert found["nonideality_raw"] == pytest.approx((0.3 + 0.5 + 0.525) / 3)


@pytest.mark.parametrize(
    "content", ["{}", "[1]", '{"schema_version": 99}', "nonsense", '{"schema_version": 1}']
)
def test_a_file_that_is_no_record_is_refused(tmp_path, content):
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(ParameterError):
        load_record(path)


@pytest.mark.spice
def test_an_altered_record_is_refused(record, tmp_path):
    data = json.loads(record.model_dump_json())
    data["extra"] = 1
    (tmp_path / "r.json").write_text(json.dumps(data))
    with pytest.raises(ParameterError, match="extra"):
        load_record(tmp_path / "r.json")
    with pytest.raises(StorageError):
        load_record(tmp_path / "absent.json")
