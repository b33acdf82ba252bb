"""This module is the comparison of a record with another run of the same case."""

from xbarsim.validation.evidence import ModelEvidence
from xbarsim.validation.record import ValidationRecord

_SHARE = 1e-3
_RELATIVE = 1e-6
_COMPARED_APART = ("models", "circuits", "training", "provenance", "question")


def drift(now: ValidationRecord, before: ValidationRecord) -> list[str]:
    """Return what differs, in words; nothing when the evidence stands.

    Errors may differ by a thousandth of the tolerance (rounding differs between machines), or by a
    millionth of their value; all else but the provenance must be equal.
    """
    found = [
        f"{name}: {getattr(before, name)!r} became {getattr(now, name)!r}"
        for name in type(now).model_fields
        if name not in _COMPARED_APART and getattr(before, name) != getattr(now, name)
    ]
    asked, was = (r.question.model_dump(mode="json", exclude={"device"}) for r in (now, before))
    found += [f"question.{k}: {was[k]!r} became {v!r}" for k, v in asked.items() if v != was[k]]
    for model in now.models:
        old = before.evidence(model.name)
        found += [f"model {model.name!r} is new"] if old is None else _moved(model, old)
    hashes = {c.name: c.deck_sha256 for c in before.circuits + before.training}
    found += [
        f"deck of {c.name} changed"
        for c in now.circuits + now.training
        if hashes.get(c.name) != c.deck_sha256
    ]
    return found


def _moved(now: ModelEvidence, before: ModelEvidence) -> list[str]:
    found = [
        f"{now.name}.{name}: {getattr(before, name)!r} became {getattr(now, name)!r}"
        for name in ("standing", "tolerance", "passed", "verdicts", "n_outputs", "failures")
        if getattr(now, name) != getattr(before, name)
    ]
    for group in ("errors", "parameters"):
        old = getattr(before, group)
        for name, value in getattr(now, group).items():
            then = old.get(name, float("nan"))
            if not abs(value - then) <= _SHARE * now.tolerance + _RELATIVE * abs(then):
                found.append(f"{now.name}.{group}.{name}: {then!r} became {value!r}")
    return found
