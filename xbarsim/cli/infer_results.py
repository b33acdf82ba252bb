"""This module is what ``xbarsim infer`` prints, draws and writes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbarsim.cli.output import ERR, OUT
from xbarsim.cli.source import Source

if TYPE_CHECKING:
    from torch import nn

    from xbarsim.inference import ErrorTrace, InferenceTrace


def write_results(
    source: Source,
    hardware: "nn.Module",
    network: Path,
    traces: dict[str, "InferenceTrace"],
    found: "ErrorTrace | None",
    labels: Any,  # noqa: ANN401
    accuracy: dict[str, Any],
    report: Path | None,
    table: Path | None,
) -> None:
    """Write the report and the table that were asked for."""
    from dataclasses import replace

    from xbarsim.interop.tables import write_table
    from xbarsim.report import write_simulation_report

    if table is not None:
        numbers = range(1, len(accuracy["hardware"]) + 1)
        write_table(table, {"step": numbers, **accuracy})
        ERR.print(f"table: {table}", soft_wrap=True, markup=False)
    if report is not None:
        facts = {"network": network.name, "data set": source.data.name, "encoder": source.encoder}
        write_simulation_report(
            report, hardware, replace(traces["hardware"], errors=found), labels,
            software=traces["software"], title=f"{network.stem} on crossbars", facts=facts,
        )  # fmt: skip
        ERR.print(f"report: {report.resolve()}", soft_wrap=True, markup=False)


def print_accuracy(accuracy: dict[str, Any]) -> None:
    """Print a table of accuracy, one line a time-step."""
    from rich.table import Table

    over_time = len(accuracy["hardware"]) > 1
    names = ["time-step"] if over_time else []
    table = Table(*names, "software [%]", "hardware [%]", title="accuracy", title_justify="left")
    for step, values in enumerate(zip(*accuracy.values(), strict=True), start=1):
        table.add_row(*([str(step)] if over_time else []), *(f"{100 * v:.2f}" for v in values))
    OUT.print(table)


def errors_as_data(found: "ErrorTrace | None") -> dict[str, Any]:
    """Return errors and their growth laws as plain data."""
    if found is None:
        return {}
    laws = [None if law is None else asdict(law) for law in _laws(found)]
    return {"errors": {**asdict(found), "growth": laws}}


def _laws(found: "ErrorTrace") -> list[Any]:
    """Return the growth law of every layer, None where there is no error or too little time."""
    from xbarsim.inference import growth_law

    enough = found.potential.shape[1] >= 3
    return [
        growth_law(row, float(leak)) if enough and (row > 0).all() else None
        for row, leak in zip(found.potential, found.leak, strict=True)
    ]


def print_errors(found: "ErrorTrace") -> None:
    """Print a table of the errors of every layer after the last time-step."""
    from rich.table import Table

    table = Table("layer", "error [θ]", "static", "per read", "flips [%]", "~ t^", "same / new")
    for k, law in enumerate(_laws(found)):
        shape = ("-", "-") if law is None else (
            f"{law.exponent:.2f}", f"{law.coherent:.3g} / {law.diffuse:.3g}"
        )  # fmt: skip
        last = [getattr(found, name)[k, -1] for name in ("potential", "static", "per_read")]
        table.add_row(
            str(k + 1), *(f"{x:.3f}" for x in last), f"{100 * found.flips[k].mean():.2f}", *shape
        )
    OUT.print(table)
    OUT.print("error of the potential without resets after the last step, in thresholds; flips: mean "
              "over steps; same / new: error per step that repeats / is drawn anew")  # fmt: skip


def draw_figures(folder: Path, accuracy: dict[str, Any], found: "ErrorTrace | None") -> None:
    """Draw accuracy, and errors where they were asked for, as PNG files in a folder."""
    from xbarsim.report.traces import accuracy_trace, error_growth, layer_time_map
    from xbarsim.storage import whole_file

    pictures = {
        "accuracy": accuracy_trace(accuracy["software"], {"hardware": accuracy["hardware"]})
    }
    if found is not None:
        pictures["flips"] = layer_time_map(100 * found.flips, "spike flips [% of neurons]")
        pictures["membrane"] = layer_time_map(found.membrane, "membrane error [thresholds]")
        pictures["growth"] = error_growth(found)
    for name, figure in pictures.items():
        with whole_file(folder / f"{name}.png") as stream:
            figure.savefig(stream, format="png", dpi=150)
        ERR.print(f"wrote {folder / name}.png", soft_wrap=True, markup=False)
