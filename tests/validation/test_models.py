"""Every model of the ladder behind one protocol: fitted apart from where it is judged."""

import numpy as np
import pytest

from xbarsim.errors import ParameterError, SolveError
from xbarsim.parameters import (
    LinearCell,
    SelectorCell,
    SinhCell,
    SubcircuitCell,
    TopologyParams,
    TransistorCell,
)
from xbarsim.reference import solve_nodal
from xbarsim.validation import ValidationCase, drift, validate
from xbarsim.validation.circuits import draw_circuits, training_circuits
from xbarsim.validation.models import Sample, chosen_models, known_models
from xbarsim.validation.models.chord import Chord, fit_scale
from xbarsim.validation.models.nonlinear import Nonlinear

GATED = ValidationCase(
    name="gated",
    changes={"v_read": 0.3, "r_wire_row": 3.2},
    topology=TopologyParams(silent="gated"),
    cell=SinhCell(),
    sizes=((6, 4), (5, 8)),
    circuits=2,
    vectors=4,
    densities=(0.3, 0.6),
)


@pytest.fixture(scope="module")
def record():
    return validate(GATED)


def names(topology, cell):
    return [m.name for m in chosen_models((), topology, cell)]


@pytest.mark.parametrize(
    ("silent", "cell", "expected"),
    [
        ("grounded", LinearCell(), ["exact", "closed_form", "ideal"]),
        ("gated", LinearCell(), ["exact", "activity", "ideal"]),
        (
            "grounded",
            SinhCell(),
            ["exact", "nonlinear", "nonlinear_static", "closed_form", "chord", "ideal"],
        ),
        ("gated", SinhCell(), ["exact", "nonlinear", "activity", "chord", "ideal"]),
        ("floating", SinhCell(), ["exact", "nonlinear", "activity", "chord", "ideal"]),
    ],
)
def test_the_models_that_can_speak_are_chosen(silent, cell, expected):
    assert names(TopologyParams(silent=silent), cell) == expected


def test_only_models_whose_assumptions_hold_claim_to_be_exact():
    exact, nonlinear = known_models()[:2]
    both = TopologyParams(drive="both")
    assert exact.standing(TopologyParams(), LinearCell()) == "exact"
    assert exact.standing(TopologyParams(), SinhCell()) == "approximate"
    assert exact.standing(both, LinearCell()) == "exact"
    assert nonlinear.standing(both, SinhCell()) == "approximate"
    assert nonlinear.standing(TopologyParams(), SinhCell()) == "exact"
    assert nonlinear.standing(TopologyParams(), TransistorCell()) == "exact"
    own = SubcircuitCell(path="x.lib", subckt="x")
    assert nonlinear.standing(TopologyParams(), own) == "absent"


@pytest.mark.parametrize(
    ("wanted", "match"), [(("magic",), "no model is called"), (("activity",), "cannot speak")]
)
def test_a_model_that_cannot_be_judged_is_refused(wanted, match):
    with pytest.raises(ParameterError, match=match):
        chosen_models(wanted, TopologyParams(), LinearCell())


@pytest.mark.spice
def test_the_record_says_which_model_may_be_trusted(record):
    verdict = {m.name: (m.standing, m.passed) for m in record.models}
    assert verdict["nonlinear"] == ("exact", True)
    assert verdict["exact"] == ("approximate", False)
    assert verdict["ideal"] == ("baseline", False)
    assert record.passed
    assert record.primary.name == "nonlinear"
    chord, exact = record.evidence("chord"), record.evidence("exact")
    assert 1.0 < chord.parameters["scale"] < 1.2
    assert chord.errors["nrmse"] < exact.errors["nrmse"]


@pytest.mark.spice
@pytest.mark.parametrize("cell", [TransistorCell(), SelectorCell()], ids=lambda cell: cell.kind)
def test_cells_in_series_with_a_selector_have_an_exact_model(cell):
    found = validate(GATED.replace(cell=cell, sizes=((6, 4),), circuits=1, models=("nonlinear",)))
    assert found.passed
    assert found.tolerance == 1e-8


@pytest.mark.spice
def test_the_static_model_of_nonlinear_cells_stands_in_the_record():
    grounded = GATED.replace(topology=TopologyParams(), sizes=((12, 8),), circuits=2)
    found = validate(grounded)
    static, linear = found.evidence("nonlinear_static"), found.evidence("exact")
    assert static.standing == "approximate"
    assert static.n_outputs < linear.n_outputs
    assert static.errors["max_error"] < linear.errors["max_error"] / 2
    assert found.evidence("nonlinear").errors["max_error"] < static.errors["max_error"]


@pytest.mark.spice
def test_activity_is_judged_on_spikes_only(record):
    assert record.evidence("activity").n_outputs == record.n_outputs / 2
    assert record.evidence("exact").n_outputs == record.n_outputs == 4 * 2 * (4 + 8)


@pytest.mark.spice
def test_every_model_has_figures_intervals_slices_and_verdicts(record):
    for model in record.models:
        assert model.errors.keys() == model.intervals.keys()
        assert {s.kind for s in model.slices} == {"size", "density", "column"}
        by_size = [s for s in model.slices if s.kind == "size"]
        assert [s.label for s in by_size] == ["6x4", "5x8"]
        assert sum(s.n_outputs for s in by_size) == model.n_outputs
        assert max(s.max_error for s in by_size) == model.errors["max_error"]
        assert model.verdicts["1e-09"] == (model.errors["max_error"] <= 1e-9)
        assert model.worst.max_error == model.errors["max_error"]


@pytest.mark.spice
def test_no_training_circuit_is_judged(record):
    judged, training = (
        {c.deck_sha256 for c in group} for group in (record.circuits, record.training)
    )
    assert record.n_training == len(training) == 4
    assert not judged & training
    setting = GATED.resolved()
    sizes = {c.crossbar.shape for c in training_circuits(GATED, setting)}
    assert not sizes & set(GATED.sizes)


@pytest.mark.spice
def test_a_run_again_repeats_the_fit_and_a_moved_fit_is_drift(record):
    assert drift(validate(GATED, again=record), record) == []
    chord = record.evidence("chord").replace(parameters={"scale": 2.0})
    moved = record.replace(models=(*record.models[:-2], chord, record.models[-1]))
    assert any("chord.parameters.scale" in line for line in drift(record, moved))


def test_the_scale_of_known_cells_is_found():
    samples = []
    for circuit in draw_circuits(GATED.replace(cell=None, topology=None, statistics=("uniform",))):
        i_col = solve_nodal(1.3 * circuit.conductance, circuit.v_row, circuit.crossbar).i_col
        samples.append(Sample(circuit, i_col))
    assert fit_scale(samples) == pytest.approx(1.3, rel=1e-5)
    with pytest.raises(ParameterError, match="training_circuits"):
        Chord().fit([])


@pytest.mark.spice
def test_a_model_that_finds_no_answer_fails(monkeypatch):
    right = Nonlinear.predict

    def sometimes(self, circuit, v_row):
        if circuit.crossbar.rows == 5:
            msg = "lost"
            raise SolveError(msg)
        return right(self, circuit, v_row)

    monkeypatch.setattr(Nonlinear, "predict", sometimes)
    found = validate(GATED.replace(models=("nonlinear",)))
    assert found.evidence("nonlinear").failures == 2
    assert not found.passed


@pytest.mark.spice
@pytest.mark.parametrize("precision", [0.5, None])
def test_narrow_intervals_end_the_run(precision):
    case = ValidationCase(
        name="narrow", sizes=((4, 3), (6, 6)), circuits=6, vectors=2, models=("exact",)
    )
    # The baseline's error is of the order of one, so its interval decides.
    found = validate(case.replace(precision=precision and 100.0))
    expected = (6, "precision") if precision else (12, "plan")
    assert (found.n_circuits, found.ended_by) == expected


@pytest.mark.spice
def test_zero_resistances_are_compared_at_the_floor_that_the_deck_has():
    case = GATED.replace(
        cell=None, topology=None, sizes=((5, 3),), circuits=1,
        changes={"r_sense": 0.0, "r_wire_row": 0.0},
    )  # fmt: skip
    found = validate(case)
    # ngspice itself loses digits to cancellation across the floor.
    assert found.errors["max_error"] < 1e-9
    assert found.envelope.r_sense == (0.0, 0.0)


@pytest.mark.spice
def test_leads_in_series_with_driver_and_sense_are_exact():
    case = GATED.replace(
        cell=None, topology=TopologyParams(lead_row=3, lead_col=2), sizes=((5, 3),), circuits=1
    )
    assert validate(case).errors["max_error"] < 1e-11


@pytest.mark.spice
def test_both_ends_are_exact_for_one_model_and_an_approximation_for_another():
    topology = TopologyParams(drive="both", sense="both")
    found = validate(GATED.replace(cell=None, topology=topology, circuits=1))
    assert found.errors["max_error"] < 1e-11
    assert found.evidence("closed_form").errors["max_error"] > 0.01


def test_spikes_and_analogue_inputs_alternate():
    (circuit, *_) = draw_circuits(GATED)
    spikes = [set(np.unique(v)) <= {0.0, 0.3} for v in circuit.v_row]
    assert spikes == [False, True, False, True]
