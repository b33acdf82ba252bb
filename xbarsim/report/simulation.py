"""This module is the report of a simulation: what a network on crossbars reached, step by step."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xbarsim import __version__
from xbarsim.errors import ParameterError
from xbarsim.hardware import ArraySummary, array_summary, layer_summaries
from xbarsim.inference import InferenceTrace
from xbarsim.report.content import Column, Picture
from xbarsim.report.page import render_page, shown
from xbarsim.report.traces import accuracy_trace, error_growth, layer_time_map
from xbarsim.storage import write_atomically

Array = NDArray[np.float64]


def write_simulation_report(
    path: str | Path,
    hardware: nn.Module,
    trace: InferenceTrace,
    labels: Any,  # noqa: ANN401
    *,
    software: InferenceTrace | None = None,
    title: str = "A spiking network on crossbars",
    facts: Mapping[str, str] | None = None,
) -> Path:
    """Write what a network reached on crossbars as one HTML file that needs no other file.

    It holds accuracy after every time-step, spikes of every layer, the arrays and their evidence,
    and, where the trace was compared with software layer by layer, how errors grow. Every figure
    can be downloaded with its numbers.

    Args:
        path: File to write (.html).
        hardware: Network that ``to_crossbar`` returned.
        trace: What ``simulate`` returned for it.
        labels: Class of every image, [image].
        software: What ``simulate`` returned for the same network in software, same images.
        title: Heading.
        facts: Further names and values to state, for instance data set and encoder.

    Returns:
        The path.

    Raises:
        ParameterError: If labels, traces and network do not belong together.
        StorageError: If the file cannot be written.
    """
    accuracy = {"hardware": trace.accuracy(labels)}
    if software is not None:
        if software.logits.shape != trace.logits.shape:
            msg = (
                f"software ran {software.logits.shape[:2]} steps and images, hardware "
                f"{trace.logits.shape[:2]}; simulate both on the same images for as many steps"
            )
            raise ParameterError(msg)
        accuracy["software"] = software.accuracy(labels)
    layers = layer_summaries(hardware)
    steps = len(trace.logits)
    page = render_page(
        "simulation.html",
        title=title,
        steps=steps,
        images=trace.logits.shape[1],
        accuracy=accuracy,
        changed=None if software is None else _changed(trace, software),
        unvalidated=any(layer.validated == "unvalidated" for layer in layers),
        timed=trace.rates.size > 0,
        layers=layers,
        arrays=_array_lines(array_summary(hardware)),
        facts=facts or {},
        pictures=[shown(picture) for picture in _pictures(accuracy, trace, software)],
        version=__version__,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_atomically(Path(path), page)
    return Path(path)


def _changed(trace: InferenceTrace, software: InferenceTrace) -> Array:
    """Return the share of images that hardware puts into another class, after each step."""
    return np.asarray((trace.logits.argmax(2) != software.logits.argmax(2)).mean(axis=1))


def _array_lines(summary: ArraySummary) -> list[tuple[str, str]]:
    """Return the arrays in words."""
    crossbar, device, mapping = summary.crossbar, summary.device, summary.mapping
    wires = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")
    ends = ", ".join(f"{name} {getattr(crossbar, name):.4g} Ω" for name in wires)
    cells = f"{device.g_min:.4g} to {device.g_max:.4g} S, σ/μ {device.sigma:.3g}"
    compensated = ", compensated for IR drop" if mapping.compensated else ""
    lines = [
        ("tile", f"{crossbar.rows}x{crossbar.cols}; {ends}"),
        ("device", f"{device.name}: {cells}, read at {device.v_read:.4g} V"),
        ("mapping", f"{mapping.scheme}, {mapping.unrolling}, gain {mapping.gain}{compensated}"),
        ("model of the wires", summary.reading.ir_drop),
        ("chip", str(summary.chip)),
    ]
    if summary.corrected:
        lines.append(("outputs", f"scaled and shifted, fitted on {summary.corrected} images"))
    return lines


def _pictures(
    accuracy: Mapping[str, Array], trace: InferenceTrace, software: InferenceTrace | None
) -> list[Picture]:
    """Return accuracy and spikes over time; with an error trace also errors and their growth."""
    steps = list(range(1, len(trace.logits) + 1))
    table: dict[str, Column] = {"time-step": steps}
    table |= {f"{name} [1]": list(map(float, values)) for name, values in accuracy.items()}
    if not trace.rates.size:
        return []
    pictures = [
        Picture(
            "Accuracy over time",
            "Share of images classified right by the outputs added up so far.",
            accuracy_trace(accuracy.get("software"), {"hardware": accuracy["hardware"]}),
            table,
        )
    ]
    maps = [("Spikes on hardware", trace.rates, "spikes per neuron and step")]
    if software is not None:
        maps.append(("Spikes in software", software.rates, "spikes per neuron and step"))
    if trace.errors is not None:
        maps.append(("Spike flips", 100 * trace.errors.flips, "neurons that differ [%]"))
    most = max((float(rates.max()) for _, rates, _ in maps[:2] if rates.size), default=0.0)
    for title, values, label in maps:
        if values.size:
            top = most if title.startswith("Spikes") else None
            figure = layer_time_map(values, label, top)
            pictures.append(Picture(title, "Layers of neurons down, time to the right.", figure,
                                    _by_layer(values, label)))  # fmt: skip
    if trace.errors is not None:
        pictures.append(
            Picture(
                "How errors grow",
                "Error of the potential without resets, against two laws.",
                error_growth(trace.errors),
                _by_layer(trace.errors.potential, "rms error / threshold"),
            )
        )
    return pictures


def _by_layer(values: Array, label: str) -> dict[str, Column]:
    """Return [layer, time] as one column a layer."""
    table: dict[str, Column] = {"time-step": list(range(1, values.shape[1] + 1))}
    return table | {
        f"layer {k}, {label}": [float(f"{v:.6g}") for v in row] for k, row in enumerate(values, 1)
    }
