"""This module is a network as hardware: its chips, and what all of them have in common."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from torch import nn

from xbarsim.cures import (
    OutputStatistics,
    adapt_norm,
    correct_outputs,
    noise_aware_fit,
    output_statistics,
    recalibrate_thresholds,
)
from xbarsim.data import Dataset
from xbarsim.errors import InfeasibleError
from xbarsim.hardware import HardwareSetup, to_crossbar_gains, write_targets
from xbarsim.hardware.recheck import recheck_tiles
from xbarsim.learning import search_thresholds
from xbarsim.mapping import Gain, MappingSpec, ProgrammedLayer
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.study.condition import Condition
from xbarsim.study.networks import converted
from xbarsim.study.subject import Subject
from xbarsim.validation import ValidationRecord

TRAINING_SEED = 1
"""Seed of the chips that training goes through; those that are measured have seed 0."""
_UPDATES_PER_CHIP = 4


@dataclass(frozen=True)
class Hardware:
    """What conditions leave open about arrays and cells.

    Attributes:
        crossbar: Wires; conditions say the size, and whether they count. [Ω]
        device: Device; conditions say whether its variation counts. [S]
        record: Evidence for the arrays; only wires that resist need it.
        allow_unvalidated: Go on without such evidence.
        setup: Mapping, reading and effects apart from what conditions say.
        paranoid: Share of the tiles to solve again by the other oracle; see ``recheck_tiles``.
    """

    crossbar: CrossbarParams
    device: DeviceParams
    record: ValidationRecord | None = None
    allow_unvalidated: bool = False
    setup: HardwareSetup = field(default_factory=HardwareSetup)
    paranoid: float | None = None

    def array(self, condition: Condition) -> CrossbarParams:
        """Return size and wires of the arrays. [Ω]"""
        return self.crossbar.replace(rows=condition.tile, cols=condition.tile)

    def cells(self, condition: Condition) -> DeviceParams:
        """Return the device, with or without variation. [S]"""
        return self.device if condition.variation else self.device.replace(sigma=0.0)

    def mapping(self, condition: Condition) -> MappingSpec:
        """Return how weights become conductances."""
        changes: dict[str, Any] = {"compensated": True} if condition.compensated else {}
        changes |= {} if condition.order == "natural" else {"order": condition.order}
        changes |= {} if condition.scale == "layer" else {"scale": condition.scale}
        return self.setup.mapping.replace(tile=None, **changes)


@dataclass(frozen=True)
class Design:
    """A network as every chip of it is programmed.

    Attributes:
        subject: The network.
        condition: Says tile, mapping and training; what it says about one chip does not count.
        hardware: Arrays and cells.
        data: Data set; cures see training images only.
    """

    subject: Subject
    condition: Condition
    hardware: Hardware
    data: Dataset

    @cached_property
    def network(self) -> nn.Module:
        """The network in software, trained through arrays where the condition says so."""
        if not self.condition.training:
            return self.subject.network
        source, recipe = self.subject.trainable()
        condition, hardware = self.condition, self.hardware
        mapping = hardware.mapping(condition).replace(gain=condition.gain)
        tuned = noise_aware_fit(
            source, recipe, self.data, hardware.array(condition), hardware.device,
            updates=condition.training, gradient="straight_through", refresh=_UPDATES_PER_CHIP,
            seed=TRAINING_SEED, mapping=mapping,
        )  # fmt: skip
        if self.subject.method == "conversion":
            return converted(tuned, self.data, self.subject.steps)
        return tuned

    @cached_property
    def statistics(self) -> Callable[[int], OutputStatistics]:
        """What the network's outputs are like in software on so many images, once for all chips."""
        subject, images = self.subject, self.data.train_images

        @cache
        def of(count: int) -> OutputStatistics:
            samples = images[:count]
            return output_statistics(self.network, samples, subject.steps, encoder=subject.encoder)

        return of

    @cached_property
    def targets(self) -> Mapping[str, ProgrammedLayer]:
        """What the cells of every chip are to be programmed with."""
        array, spec = self.hardware.array(self.condition), self.hardware.mapping(self.condition)
        return write_targets(self.network, array, self.hardware.device, spec)

    @cached_property
    def failure(self) -> str:
        """Why there can be no such chip, say because IR drop cannot be compensated; else empty."""
        try:
            _ = self.targets
        except InfeasibleError as error:
            return str(error)
        return ""

    @cached_property
    def seconds(self) -> float:
        """Time that training and compensation took, once for all chips. [s]"""
        began = time.monotonic()
        _ = self.failure
        return time.monotonic() - began

    def chips(
        self, condition: Condition, gains: Sequence[Gain], number: int
    ) -> dict[Gain, nn.Module]:
        """Return one chip by read-out gain, its tiles solved once.

        Args:
            condition: Says whether there is variation and whether wires resist.
            gains: Read-out gains.
            number: Number of the chip.

        Raises:
            OutOfValidatedRangeError: If the record does not cover the arrays.
            SolveError: If the other oracle disagrees.
        """
        hardware, setup = self.hardware, self.hardware.setup
        array, spec = hardware.array(condition), hardware.mapping(condition)
        reading = setup.reading if condition.wires else setup.reading.replace(ir_drop="ideal")
        check = hardware.paranoid if condition.wires else None
        return to_crossbar_gains(
            self.network, array, hardware.cells(condition), gains,
            record=hardware.record if condition.wires else None,
            allow_unvalidated=hardware.allow_unvalidated or not condition.wires,
            mapping=spec, effects=setup.effects, seconds=setup.seconds, reading=reading,
            encoder=self.subject.encoder if self.subject.steps else "direct", chip=number,
            wrap=recheck_tiles(array, spec, share=check) if check else None, targets=self.targets,
        )  # fmt: skip

    def treated(self, chip: nn.Module, condition: Condition) -> nn.Module:
        """Return a chip after what is done to it alone: outputs, thresholds, batch norms."""
        subject, images = self.subject, self.data.train_images
        if condition.corrected:
            samples, wanted = images[: condition.corrected], self.statistics(condition.corrected)
            chip = correct_outputs(chip, wanted, samples, subject.steps, encoder=subject.encoder)
        if condition.adaptation:
            samples = images[: condition.adaptation]
            chip = adapt_norm(chip, samples, subject.steps, encoder=subject.encoder)
        samples = images[: condition.samples]
        if condition.thresholds == "chip" and subject.steps:
            return search_thresholds(chip, samples, subject.steps)
        if condition.thresholds == "matched":
            return recalibrate_thresholds(
                chip, self.network, samples, subject.steps, encoder=subject.encoder
            )
        return chip
