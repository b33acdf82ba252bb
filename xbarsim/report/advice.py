"""This module is the answer in words: which model may be trusted, where, and by how much it errs."""

from xbarsim.validation import ValidationRecord
from xbarsim.validation.evidence import ModelEvidence

_WHAT = {
    "exact": "the exact model of linear cells",
    "nonlinear": "the nonlinear model (the cells' law, Newton's method)",
    "activity": "the activity model (two matrices fitted to each tile)",
    "closed_form": "the closed form",
    "chord": "the chord model (linear cells, scaled by a fitted factor)",
    "ideal": "the array without wires",
}


def hundredths(value: float) -> str:
    """Return a share in percent, without the sign: two digits, small ones in powers of ten."""
    shown = 100 * value
    return (
        f"{shown:.1e}"
        if 0 < abs(shown) < 0.01 or abs(shown) >= 1e4
        else f"{float(f'{shown:.2g}'):g}"
    )


def percent(value: float) -> str:
    """Return a share as percent, two digits, small ones in powers of ten."""
    return f"{hundredths(value)} %"


def advice(record: ValidationRecord) -> list[str]:
    """Return one sentence a question: what to trust, what not, and what the wires cost."""
    primary = record.primary
    lines = [_on(primary, record)]
    lines += [
        _on(m, record) for m in record.models if m is not primary and m.standing != "baseline"
    ]
    reference = primary.errors
    lines.append(
        f"Wires, drivers and senses take {percent(reference['reference_nonideality_raw'])} of the "
        "current of an array without them, on average; after one gain a column an error of "
        f"{percent(reference['reference_nonideality_after_gain'])} (rms) remains."
    )
    return lines


def _on(model: ModelEvidence, record: ValidationRecord) -> str:
    said = (
        f"errs by {percent(model.errors['max_error'])} of full scale at most "
        f"({percent(model.errors['nrmse'])} rms, bias {percent(model.errors['bias'])}) on "
        f"{model.n_outputs} column currents"
    )
    fitted = ""
    if model.parameters and record.n_training:
        what = ", ".join(f"{name} {value:.4g}" for name, value in model.parameters.items())
        fitted = f" Fitted on {record.n_training} other circuits: {what}."
    name = _WHAT.get(model.name, f"the {model.name} model")
    if model.passed:
        return f"Trust {name} within the limits below: it {said}{_speed(model, record)}.{fitted}"
    if model.failures:
        return f"Do not trust {name}: it found no answer for {model.failures} circuits."
    allowed = percent(model.tolerance)
    return f"Do not trust {name}: it {said}; {allowed} allowed.{fitted}{_where(model)}"


def _speed(model: ModelEvidence, record: ValidationRecord) -> str:
    """Say how the model's time compares with ngspice's on the same circuits."""
    seconds = record.provenance.seconds
    ratio = seconds.get("ngspice", 0.0) / max(seconds.get(model.name, 0.0), 1e-9)
    if ratio < 1.5:
        return ", no faster than ngspice here"
    return f", {float(f'{ratio:.2g}'):g} times as fast as ngspice here"


def _where(model: ModelEvidence) -> str:
    """Say where a model that failed as a whole would do."""
    parts = []
    for kind, words in (("size", "at"), ("density", "with this share of rows driven:")):
        slices = [s for s in model.slices if s.kind == kind]
        good = [s.label for s in slices if s.max_error <= model.tolerance]
        if good and len(good) < len(slices):
            parts.append(f"{words} {', '.join(_joined(good))}")
    return f" It would do {', or '.join(parts)}." if parts else ""


def _joined(labels: list[str]) -> list[str]:
    """Join neighbouring ranges: ``a to b`` and ``b to c`` become ``a to c``."""
    found: list[str] = []
    for label in labels:
        low, _, high = label.partition(" to ")
        if found and high and found[-1].endswith(f" to {low}"):
            found[-1] = f"{found[-1].partition(' to ')[0]} to {high}"
        else:
            found.append(label)
    return found
