"""This module is the table of cures: what each costs, and accuracy before and after it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from xbarsim.cures.norm import adapt_norm
from xbarsim.cures.thresholds import recalibrate_thresholds
from xbarsim.hardware import ReadParams, to_crossbar
from xbarsim.hardware.recheck import recheck_network
from xbarsim.inference import Encoder
from xbarsim.mapping import MappingSpec
from xbarsim.network import LIF, BatchNormThroughTime
from xbarsim.parameters import CrossbarParams, DeviceParams

Accuracy = Callable[[nn.Module], float]
Treatment = Callable[[int, nn.Module], nn.Module]


@dataclass(frozen=True)
class Patient:
    """A network, its hardware, and how it is judged.

    Attributes:
        network: Trained network.
        steps: Time-steps; 0 without time.
        encoder: How an image becomes the input of each step.
        samples: Images that cures may look at, without their labels.
        accuracy: Test accuracy of a network.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        mapping: How weights become conductances, before any cure.
        paranoid: Share of the tiles to solve again by the nodal solve; None for none.
    """

    network: nn.Module
    steps: int
    encoder: Encoder
    samples: Tensor
    accuracy: Accuracy
    crossbar: CrossbarParams
    device: DeviceParams
    mapping: MappingSpec
    paranoid: float | None = None

    def on_chip(self, chip: int, network: nn.Module | None = None, **changes: object) -> nn.Module:
        """Return the network on one chip, with changes to its mapping."""
        spec = self.mapping.replace(**changes)
        wrap = None if self.paranoid is None else recheck_network(
            self.crossbar, spec, ReadParams(), share=self.paranoid
        )  # fmt: skip
        return to_crossbar(
            network or self.network, self.crossbar, self.device, allow_unvalidated=True,
            mapping=spec, encoder=self.encoder, chip=chip, wrap=wrap,
        )  # fmt: skip


@dataclass(frozen=True)
class CureRow:
    """One cure, on several chips.

    Attributes:
        cure: What was done.
        needs: What it takes: nothing, a number of samples, programming, updates.
        seconds: Mean time of the cure per chip, transformation included. [s]
        before: Test accuracy of every chip without it, [chip].
        after: The same with it, [chip].
    """

    cure: str
    needs: str
    seconds: float
    before: list[float]
    after: list[float]


def try_cures(
    patient: Patient,
    chips: int,
    *,
    tuned: nn.Module | None = None,
    on_cure: Callable[[str], None] | None = None,
) -> Iterator[CureRow]:
    """Yield a row for every cure that fits the network.

    Args:
        patient: The network, its hardware, and how it is judged.
        chips: Number of chips, numbered from 0.
        tuned: Network of ``noise_aware_fit``, to be judged on the same chips.
        on_cure: Called with the name of every cure that is done.
    """
    plain = [patient.on_chip(chip) for chip in range(chips)]
    before = [patient.accuracy(net) for net in plain]
    for cure, (needs, treat) in _cures(patient, tuned).items():
        began = time.perf_counter()
        nets = [treat(chip, plain[chip]) for chip in range(chips)]
        seconds = (time.perf_counter() - began) / chips
        yield CureRow(cure, needs, seconds, before, [patient.accuracy(net) for net in nets])
        if on_cure is not None:
            on_cure(cure)


def _cures(patient: Patient, tuned: nn.Module | None) -> dict[str, tuple[str, Treatment]]:
    samples = f"{len(patient.samples)} samples"
    spiking = any(isinstance(m, LIF) for m in patient.network.modules())
    timed = any(isinstance(m, BatchNormThroughTime) for m in patient.network.modules())
    cures: dict[str, tuple[str, Treatment]] = {}
    cures["gain layer"] = ("test vectors", lambda c, _: patient.on_chip(c, gain="layer"))
    cures["gain tile"] = ("test vectors", lambda c, _: patient.on_chip(c, gain="tile"))
    cures["gain column"] = ("test vectors", lambda c, _: patient.on_chip(c, gain="column"))
    cures["order"] = ("wiring", lambda c, _: patient.on_chip(c, order="strong_near"))
    cures["compensation"] = ("programming", lambda c, _: patient.on_chip(c, compensated=True))
    cures["compensation, gain layer"] = (
        "programming, test vectors",
        lambda c, _: patient.on_chip(c, compensated=True, gain="layer"),
    )
    if spiking:
        cures["thresholds"] = (samples, lambda _, net: _thresholds(patient, net))
        cures["compensation, thresholds"] = (
            f"programming, {samples}",
            lambda c, _: _thresholds(patient, patient.on_chip(c, compensated=True)),
        )
    if timed:
        cures["norm"] = (samples, lambda _, net: _norm(patient, net))
        cures["compensation, norm"] = (
            f"programming, {samples}",
            lambda c, _: _norm(patient, patient.on_chip(c, compensated=True)),
        )
    if tuned is not None:
        cures["noise-aware training"] = (
            "labelled images", lambda c, _: patient.on_chip(c, tuned, gain="column"),
        )  # fmt: skip
    return cures


def _thresholds(patient: Patient, net: nn.Module) -> nn.Module:
    return recalibrate_thresholds(
        net, patient.network, patient.samples, patient.steps, encoder=patient.encoder
    )


def _norm(patient: Patient, net: nn.Module) -> nn.Module:
    return adapt_norm(net, patient.samples, patient.steps, encoder=patient.encoder)


def summary(row: CureRow) -> dict[str, object]:
    """Return a row as plain data, with means over chips."""
    return {
        "cure": row.cure,
        "needs": row.needs,
        "seconds": row.seconds,
        "before": float(np.mean(row.before)),
        "after": float(np.mean(row.after)),
        "before_chips": row.before,
        "after_chips": row.after,
    }
