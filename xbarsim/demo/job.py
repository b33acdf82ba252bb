"""This module is the main job, step by step; every step is a public function."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from xbarsim.data import Dataset, load_dataset
from xbarsim.demo.networks import demo_conditions, train_networks
from xbarsim.demo.oracles import OracleErrors
from xbarsim.demo.pictures import ir_drop_picture
from xbarsim.mapping import chip_generator, programmed_conductance
from xbarsim.parameters import CrossbarParams, DeviceParams, load_crossbar, load_device
from xbarsim.progress import progress_bar
from xbarsim.report.html import Report, write_report
from xbarsim.spice import find_ngspice
from xbarsim.storage import writable_folder, write_atomically
from xbarsim.study import AccuracyRow, Hardware, Subject, measure
from xbarsim.validation import ValidationCase, ValidationRecord, validate

PRESET = "bhattacharjee2022"


@dataclass(frozen=True)
class DemoSettings:
    """How much of the main job to do.

    Attributes:
        sizes: Tile sizes to validate.
        tiles: Tile sizes to measure accuracy on.
        circuits: Random circuits per size in ngspice.
        network_tiles: Tiles of the networks per size in ngspice.
        chips: Chips per accuracy.
        steps: Time-steps of the converted network.
    """

    sizes: tuple[int, ...] = (16, 32, 64)
    tiles: tuple[int, ...] = (32, 64)
    circuits: int = 4
    network_tiles: int = 4
    chips: int = 3
    steps: int = 100

    @classmethod
    def quick(cls) -> "DemoSettings":
        """Return a short form for continuous integration: everything runs, less often."""
        return cls(tiles=(32,), circuits=2, network_tiles=2, chips=1, steps=60)


@dataclass(frozen=True)
class DemoResult:
    """What the main job found.

    Attributes:
        record: Evidence for the fast model.
        oracles: Largest disagreement with the sparse oracle, double and single precision.
        rows: Accuracy table.
        report: Path of the HTML report.
    """

    record: ValidationRecord
    oracles: OracleErrors
    rows: list[AccuracyRow]
    report: Path

    def summary(self) -> dict[str, object]:
        """Return the figures as plain data, for JSON."""
        record = self.record
        return {
            "passed": record.passed,
            "reference": record.reference,
            "n_circuits": record.n_circuits,
            "n_outputs": record.n_outputs,
            "max_error": record.errors["max_error"],
            "tolerance": record.tolerance,
            "oracle_float64": self.oracles.float64,
            "oracle_float32": self.oracles.float32,
            "rows": [row.summary() for row in self.rows],
        }


def run_demo(folder: Path, settings: DemoSettings) -> DemoResult:
    """Run the main job and leave report and record in ``folder``.

    Raises:
        StorageError: If the folder cannot be written (checked first).
        SpiceMissingError: If ngspice is not installed (checked before any training).
    """
    writable_folder(folder)
    ngspice = find_ngspice()
    device = load_device(PRESET)
    data = load_dataset("digits")
    with progress_bar() as bar:
        networks = train_networks(data, settings.steps, bar)
        record, oracles = _evidence(networks, device, settings, bar)
        record.save(folder / "record.json")
        rows = _accuracy(networks, device, data, record, settings, bar)
    facts = {
        "ngspice": ngspice.solver,
        "device": f"{device.name} ({device.source})",
        "networks": (
            f"vgg-digits, scikit-learn digits, {len(data.train_images)} images to train, "
            f"{len(data.test_images)} to test"
        ),
        "float64 against the sparse oracle": f"{oracles.float64:.1e}",
        "float32 against the sparse oracle": f"{oracles.float32:.1e}",
    }
    report = Report(
        title="From device parameters to spiking accuracy",
        record=record,
        rows=rows,
        pictures=[ir_drop_picture(networks[0].network, device)],
        facts=facts,
        notes=_NOTES,
    )
    result = DemoResult(record, oracles, rows, write_report(report, folder / "report.html"))
    text = json.dumps(result.summary(), indent=1, sort_keys=True)
    write_atomically(folder / "summary.json", text + "\n")
    return result


_NOTES = [
    (
        "Without a gain the currents are too small by the raw gain. A bias-free ReLU network only "
        "scales, so the ANN survives. Spiking networks compare with fixed thresholds: spikes fade "
        "from layer to layer, unless thresholds are searched again on the chip."
    ),
    "Gain column: one least-squares scale for each pair of bit lines, as a calibration finds it.",
]


def network_tiles(
    network_weights: list[NDArray[np.float64]],
    crossbar: CrossbarParams,
    device: DeviceParams,
    count: int,
) -> dict[str, NDArray[np.float64]]:
    """Return ``count`` programmed tiles [row, col], spread over the layers of a network. [S]"""
    tiles: dict[str, NDArray[np.float64]] = {}
    for k in range(count):
        index = k % len(network_weights)
        generator = chip_generator(0, 0, index)
        g, plan = programmed_conductance(network_weights[index], crossbar, device, generator)
        chosen = (k * 7) % plan.n_tiles
        sign = ("pos", "neg")[k % 2]
        name = f"{crossbar.rows}x{crossbar.cols}-layer{index}-tile{chosen}-{sign}-{k}"
        tiles[name] = g[k % 2, chosen]
    return tiles


def _evidence(
    networks: list[Subject], device: DeviceParams, settings: DemoSettings, bar: Progress
) -> tuple[ValidationRecord, OracleErrors]:
    """Compare the exact model with ngspice and with the sparse oracle, on random and real tiles."""
    case = ValidationCase(
        name="demo",
        device=PRESET,
        sizes=tuple((n, n) for n in settings.sizes),
        circuits=settings.circuits,
    )
    given: dict[str, NDArray[np.float64]] = {}
    for candidate in (networks[0], networks[-1]):
        weights = [
            p.detach().double().numpy(force=True)
            for p in candidate.network.parameters()
            if p.dim() > 1
        ]
        for n in settings.sizes:
            crossbar = load_crossbar(PRESET, rows=n, cols=n)
            tiles = network_tiles(weights, crossbar, device, settings.network_tiles // 2)
            given |= {f"{candidate.key}-{name}": g for name, g in tiles.items()}
    total = settings.circuits * len(settings.sizes) + len(given)
    task = bar.add_task("ngspice against the fast model", total=total)
    oracles = OracleErrors()

    def observe(*seen: object) -> None:
        oracles.see(*seen)  # type: ignore[arg-type]
        bar.advance(task)

    return validate(case, given=given, on_circuit=observe), oracles


def _accuracy(
    networks: list[Subject],
    device: DeviceParams,
    data: Dataset,
    record: ValidationRecord,
    settings: DemoSettings,
    bar: Progress,
) -> list[AccuracyRow]:
    hardware = Hardware(load_crossbar(PRESET, rows=64, cols=64), device, record)
    plans = [
        (subject, [c for c in demo_conditions(settings.tiles) if c.suits(subject.method)])
        for subject in networks
    ]
    total = settings.chips * sum(len(conditions) for _, conditions in plans)
    task = bar.add_task("accuracy on chips", total=total)
    rows = []
    for subject, conditions in plans:
        measured = measure(
            subject, conditions, hardware, data, chips=settings.chips,
            on_chip=lambda n: bar.advance(task, n),
        )  # fmt: skip
        for condition, row in measured:
            searched = condition.thresholds == "chip"
            method = f"{row.method}, on-chip thresholds" if searched else row.method
            rows.append(replace(row, method=method))
    return rows
