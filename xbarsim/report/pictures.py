"""This module is the pictures of a record: where a model errs, how often, and against what."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xbarsim.report.content import Column, Picture
from xbarsim.report.figures import (
    accuracy_over_time,
    error_by,
    error_histogram,
    measured_against_predicted,
)
from xbarsim.study import AccuracyRow
from xbarsim.validation import ValidationRecord
from xbarsim.validation.evidence import ModelEvidence

_KINDS = (
    ("size", "Error against size", "size of the array (rows x columns)"),
    ("density", "Error against density", "share of driven rows"),
    ("column", "Error against position", "position of the column (0: next to the drivers)"),
)


def evidence_pictures(record: ValidationRecord) -> list[Picture]:
    """Return the record's figures: by size, density and position, histogram, scatter."""
    models = record.models
    marks = "Marks: 99th percentile; whiskers: largest error; dashed: allowed."
    pictures = [
        Picture(title, marks, error_by(models, kind, label), _slice_table(models, kind))
        for kind, title, label in _KINDS
    ]
    return [
        *pictures,
        Picture(
            "How often which error",
            f"{record.n_outputs} column currents of {record.n_circuits} circuits; dashed: allowed.",
            error_histogram(models),
            _histogram_table(models),
        ),
        Picture(
            "Measured against predicted",
            "A sample of the column currents, each relative to the largest of its circuit.",
            measured_against_predicted(models),
            _scatter_table(models),
        ),
    ]


def accuracy_picture(rows: list[AccuracyRow]) -> Picture:
    """Return accuracy over time-steps with its numbers."""
    timed = [row for row in rows if row.steps > 0]
    entries = [
        (row.method, f"{row.tile[0]}x{row.tile[1]}", row.gain, chip, step + 1, float(value))
        for row in timed
        for chip, values in enumerate(row.hardware)
        for step, value in enumerate(values)
    ]
    names = ("network", "tile", "gain", "chip", "time-step", "accuracy [1]")
    return Picture(
        "Accuracy over time",
        "Mean over chips; the band spans the chips.",
        accuracy_over_time(timed),
        _columns(names, entries),
    )


def _slice_table(models: Sequence[ModelEvidence], kind: str) -> dict[str, Column]:
    entries = [
        (m.name, s.label, s.n_outputs, s.max_error, s.p99_error, s.nrmse)
        for m in models
        for s in m.slices
        if s.kind == kind
    ]
    names = ("model", kind, "outputs", "max error [1]", "p99 error [1]", "rms error [1]")
    return _columns(names, entries)


def _histogram_table(models: Sequence[ModelEvidence]) -> dict[str, Column]:
    entries = [
        (m.name, low, high, count)
        for m in models
        for low, high, count in zip(
            m.histogram["log10_edges"][:-1], m.histogram["log10_edges"][1:],
            m.histogram["counts"], strict=True,
        )
    ]  # fmt: skip
    return _columns(("model", "log10 |error| from", "to", "outputs"), entries)


def _scatter_table(models: Sequence[ModelEvidence]) -> dict[str, Column]:
    entries = [(m.name, *pair) for m in models for pair in m.scatter]
    return _columns(("model", "ngspice / full scale [1]", "model / full scale [1]"), entries)


def _columns(
    names: Sequence[str], entries: Sequence[tuple[float | int | str, ...]]
) -> dict[str, Column]:
    """Turn rows into columns by name."""
    return {name: [entry[k] for entry in entries] for k, name in enumerate(names)}


def grid_table(values: NDArray[np.float64]) -> dict[str, Column]:
    """Return the IR drop [row, col] as one column of numbers for each bit line. [% of V_read]"""
    table: dict[str, Column] = {"row": list(range(len(values)))}
    for j, column in enumerate(100 * values.T):
        table[f"bit line {j}, IR drop [% of V_read]"] = [float(f"{v:.6g}") for v in column]
    return table
