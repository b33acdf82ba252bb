"""This module is the way onto crossbars of networks that memory should not hold twice: file to file."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import SafetensorError, safe_open

from xbarsim.errors import ParameterError, StorageError
from xbarsim.hardware.chip import Chip
from xbarsim.hardware.gate import Gate
from xbarsim.hardware.reading import ReadParams
from xbarsim.hardware.summary import LayerSummary
from xbarsim.mapping import MappingSpec, program_layer
from xbarsim.mapping.layer import read_layer
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.storage import whole_file
from xbarsim.validation import ValidationRecord


def stream_to_crossbar(
    source: Path,
    target: Path,
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    record: ValidationRecord | Path | None = None,
    allow_unvalidated: bool = False,
    mapping: MappingSpec | None = None,
    seed: int = 0,
    chip: int = 0,
    on_layer: Callable[[str], None] | None = None,
) -> tuple[LayerSummary, ...]:
    """Map a file of weights (.safetensors) onto one chip, a layer at a time, into another file.

    A layer is a tensor of two or more dimensions whose name ends in ``weight``; its output dimension
    comes first, without groups. All else is copied. Layers are numbered in the order of their names,
    numbers in names counted as such, and get the cells that ``to_crossbar`` gives the layers of the
    same numbers. Memory is that of the largest layer's arrays.

    Args:
        source: File of weights.
        target: File to write, whole or not at all; weights are float32.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        record: Evidence that covers these arrays; see ``to_crossbar``.
        allow_unvalidated: Go on without such evidence.
        mapping: How weights become conductances.
        seed: Seed of the chips' effects.
        chip: Number of the chip.
        on_layer: Called with the name of every layer that is done.

    Returns:
        What happened to each layer.

    Raises:
        OutOfValidatedRangeError: If no record covers the arrays.
        ParameterError: If the file has no layer.
        StorageError: If a file cannot be read or written.
    """
    spec = mapping or MappingSpec()
    if spec.tile is not None:
        crossbar = crossbar.replace(rows=spec.tile[0], cols=spec.tile[1])
    gate = Gate(record, crossbar, device, ReadParams(), allow_unvalidated)
    gate.open()
    job = _Job(crossbar, device, spec, Chip(device, seed=seed, number=chip), gate)
    summaries = []
    with _opened(source) as stream:
        entries = _entries(stream, source)
        with whole_file(target) as out:
            _write_head(out, {name: stream.get_slice(name).get_shape() for name in entries})
            for name, index in entries.items():
                if index is None:
                    out.write(_bytes(stream.get_tensor(name)))
                    continue
                summaries.append(job.map(name, index, stream.get_tensor(name), out))
                if on_layer is not None:
                    on_layer(name)
    return tuple(summaries)


@dataclass(frozen=True)
class _Job:
    crossbar: CrossbarParams
    device: DeviceParams
    spec: MappingSpec
    chip: Chip
    gate: Gate

    def map(self, name: str, index: int, weight: Any, out: BinaryIO) -> LayerSummary:  # noqa: ANN401
        """Map one layer and write what its arrays apply."""
        programmed = program_layer(
            np.asarray(weight, dtype=np.float64), self.crossbar, self.device, self.spec,
            self.chip.programming(index),
        )  # fmt: skip
        mapped = read_layer(programmed, self.crossbar, gain=self.spec.gain, spec=self.spec)
        stamp = self.gate.stamp(mapped.conductance_range)
        out.write(_bytes(mapped.weight))
        layer = name.removesuffix(".weight")
        return LayerSummary(
            layer, mapped.plan.n_tiles, mapped.raw_gain, stamp, mapped.residual, mapped.kept_gain
        )


def _opened(source: Path) -> Any:  # noqa: ANN401
    try:
        return safe_open(source, framework="numpy")
    except (SafetensorError, OSError) as error:
        msg = f"{source} is not a file of weights (.safetensors): {error}"
        raise StorageError(msg) from error


def _entries(stream: Any, source: Path) -> dict[str, int | None]:  # noqa: ANN401
    """Return the tensors' names in order, each with its layer's number; None where it is no layer."""
    names = sorted(stream.keys(), key=_natural)
    layers = [n for n in names if n.endswith("weight") and len(stream.get_slice(n).get_shape()) > 1]
    if not layers:
        msg = f"{source} holds no weights of two or more dimensions to put on a crossbar"
        raise ParameterError(msg)
    return {name: layers.index(name) if name in layers else None for name in names}


def _natural(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _write_head(out: BinaryIO, shapes: dict[str, list[int]]) -> None:
    """Write what a safetensors file begins with, when all that follows is float32."""
    head: dict[str, Any] = {}
    at = 0
    for name, shape in shapes.items():
        size = 4 * int(np.prod(shape, dtype=np.int64))
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    out.write(len(text).to_bytes(8, "little") + text)


def _bytes(values: Any) -> bytes:  # noqa: ANN401
    return np.ascontiguousarray(values, dtype="<f4").tobytes()
