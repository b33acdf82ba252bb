"""This module is the answers as tables: one form for the terminal, Markdown and CSV."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from xbarsim.design.answers import DesignAnswers, Limit
from xbarsim.design.contours import ErrorMap
from xbarsim.design.power import PARTS
from xbarsim.design.quantities import with_wires
from xbarsim.design.spot import LEAST_OHM

Value = str | float | None
Kind = Literal["text", "share", "number", "quantity"]

_ROUNDING = 1e-12
_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


@dataclass(frozen=True)
class Column:
    """Head of a column.

    Attributes:
        name: Name.
        kind: Shares are shown in per cent, quantities with a prefix of their unit.
        unit: Unit of the value.
        detail: Whether a narrow terminal goes without it.
    """

    name: str
    kind: Kind = "number"
    unit: str = ""
    detail: bool = False


@dataclass(frozen=True)
class AnswerTable:
    """A table with its heading and the sentence under it."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""

    @property
    def header(self) -> list[str]:
        """Names, with a unit where the values show none."""
        units = {"share": " [%]", "number": " [{}]"}
        return [
            c.name + (units[c.kind].format(c.unit) if c.kind == "share" or _bare(c) else "")
            for c in self.columns
        ]

    @property
    def shown(self) -> list[list[str]]:
        """Cells as text."""
        return [
            [_shown(value, column) for value, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]

    def narrow(self) -> "AnswerTable":
        """Return the table without its details."""
        kept = [k for k, column in enumerate(self.columns) if not column.detail]
        rows = tuple(tuple(row[k] for k in kept) for row in self.rows)
        return replace(self, columns=tuple(self.columns[k] for k in kept), rows=rows)


def _bare(column: Column) -> bool:
    return column.kind == "number" and bool(column.unit)


def _shown(value: Value, column: Column) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if column.kind == "quantity":
        return with_prefix(value, column.unit)
    if column.kind == "share" and abs(value) < _ROUNDING:
        return "0"
    return f"{100 * value:.3g}" if column.kind == "share" else f"{value:.4g}"


def with_prefix(value: float, unit: str) -> str:
    """Return a value in thousands of its unit: 0.0000123, "A" gives "12.3 µA"."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}".rstrip()
    power = 3 * math.floor(math.log10(abs(value)) / 3)
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return f"{value / 10.0**power:.4g} {_PREFIXES[power]}{unit}"


def answer_tables(answers: DesignAnswers) -> tuple[AnswerTable, ...]:
    """Return all tables, in the order of the questions."""
    return (
        _costs(answers),
        _limits(answers),
        _assumptions(answers),
        _settling(answers),
        _energies(answers),
    )


def _costs(answers: DesignAnswers) -> AnswerTable:
    columns = (
        Column("resistance", "text"), Column("value", "quantity", "Ω"),
        Column("alone, raw", "share"), Column("alone, after gain", "share"),
        Column("others, raw", "share"), Column("others, after gain", "share"),
    )  # fmt: skip
    costs = answers.costs
    rows: list[tuple[Value, ...]] = [
        (c.name, c.ohm, c.alone.raw, c.alone.gain, c.without.raw, c.without.gain)
        for c in costs.each
    ]
    rows.append(("all four", None, costs.together.raw, costs.together.gain, None, None))
    dearest = max(costs.each, key=lambda c: c.alone.gain)
    note = (
        f"{costs.each[0].name} costs most raw, {dearest.name} after column gain. Largest errors of "
        "full scale, the largest current without wires. Root mean square of all four: "
        f"{costs.together.raw_rms:.2%} raw, {costs.together.gain_rms:.2%} after column gain."
    )
    return AnswerTable("resistances", "Which resistance costs most?", columns, tuple(rows), note)


def _limits(answers: DesignAnswers) -> AnswerTable:
    columns = (
        Column("limit", "text"), Column("error", "text"), Column("now", "text"),
        Column("value", "text"), Column("value in SI", detail=True), Column("there", "share"),
        Column("ngspice", "share"), Column("model - ngspice, of full scale", detail=True),
        Column("deck", "text", detail=True),
    )  # fmt: skip
    rows = tuple(_limit_row(answers, limit) for limit in answers.limits)
    wire = next(limit for limit in answers.limits if limit.frontier.quantity.name == "wire")
    note = (
        "Each with the rest as in the parameters: tiles are square, wires keep the ratio of row to "
        f"column and are named by their mean (now {wire.frontier.quantity.now:g} Ω), R_MIN keeps the "
        "ON/OFF ratio. The error for the ratio is of the signal, the current above that of cells at "
        f"G_MIN. Found by {answers.design.method_in_words}; arrays x vectors a point: "
        f"{answers.arrays} x {answers.vectors}; the worst vector was run in ngspice, "
        f"with {LEAST_OHM:g} Ω in place of less."
    )
    title = f"How far within {100 * answers.budget:.3g} % of full scale?"
    return AnswerTable("limits", title, columns, rows, note)


def _limit_row(answers: DesignAnswers, limit: Limit) -> tuple[Value, ...]:
    found, spot, quantity = limit.frontier, limit.spot, limit.frontier.quantity
    measure = "raw" if found.measure == "raw" else "after gain"
    start = (quantity.title, measure, _amount(quantity.now, quantity.unit))
    if found.value is None or spot is None:
        easy = f"none, not even {_amount(quantity.easy, quantity.unit)}"
        return (*start, easy, None, found.error, None, None, None)
    value = _amount(found.value, quantity.unit)
    if quantity.name == "wire":
        wires = with_wires(answers.design, found.value).crossbar
        value += f" (row {wires.r_wire_row:.3g}, column {wires.r_wire_col:.3g})"
    if found.open_ended:
        value += " (end of the search)"
    return (
        *start, value, found.value, found.error, spot.error_spice, spot.difference, spot.deck.name,
    )  # fmt: skip


def _amount(value: float, unit: str) -> str:
    return with_prefix(value, unit) if unit else f"{value:.4g}"


def _assumptions(answers: DesignAnswers) -> AnswerTable:
    columns = (
        Column("assumption", "text"), Column("verdict", "text"), Column("error", "share"),
        Column("after gain", "share"), Column("ngspice", "share"),
        Column("compared", "text", detail=True), Column("deck", "text", detail=True),
    )  # fmt: skip
    rows = tuple(
        (
            a.statement, "-" if a.error is None else "holds" if a.holds else "DOES NOT HOLD",
            a.error, a.error_gain, a.error_spice, a.measured, None if a.deck is None else a.deck.name,
        )
        for a in answers.assumptions
    )  # fmt: skip
    rows_at = " x ".join(str(min(n, 64)) for n in answers.design.crossbar.shape)
    note = f"At {rows_at}; an assumption holds when its largest raw error is within the budget."
    return AnswerTable("assumptions", "Do the assumptions hold?", columns, rows, note)


def _settling(answers: DesignAnswers) -> AnswerTable:
    columns = (
        Column("rows"), Column("cols"), Column("settled after", "quantity", "s"),
        Column("share of the pulse", "share"), Column("deck", "text"),
    )  # fmt: skip
    pulse = answers.design.transient
    rows = tuple(
        (float(s.rows), float(s.cols), s.seconds, s.seconds / pulse.pulse, s.deck.name)
        for s in answers.settling
    )
    given = "as given" if pulse.model_fields_set else "defaults: the file has no [transient]"
    note = (
        "Step of half of the rows in ngspice, from the middle of its edge until all columns are within "
        f"{100 * answers.budget:.3g} % of the last value. Capacitances: {pulse.c_wire_row:g} F a "
        f"word-line node, {pulse.c_wire_col:g} F a bit-line node, {pulse.c_cell:g} F a cell; {given}."
    )
    if not rows:
        note = "All capacitances are zero: nothing has to settle."
    return AnswerTable("settling", "How long do the bit lines take?", columns, rows, note)


def _energies(answers: DesignAnswers) -> AnswerTable:
    columns = (
        Column("inputs", "text"), Column("power", "quantity", "W"),
        Column("of a read", "quantity", "J"),
        Column("of a spike", "quantity", "J"), *(Column(part, "share") for part in PARTS),
        Column("imbalance", detail=True),
    )  # fmt: skip
    rows = tuple(
        (e.inputs, e.power, e.energy, e.per_spike, *(e.shares[p] for p in PARTS), e.imbalance)
        for e in answers.energies
    )
    pulse = answers.design.transient.pulse
    note = (
        f"Dense inputs are uniform in 0 to V_read. Static power over a pulse of {pulse:g} s; what "
        "charging the wires takes is not in it. Sources and parts differ by at most "
        f"{max(e.imbalance for e in answers.energies):.1e}."
    )
    return AnswerTable("energy", "Where do power and energy go?", columns, rows, note)


def map_table(found: ErrorMap) -> AnswerTable:
    """Return a map as one line a point."""
    columns = (
        Column(found.quantity.name, unit=found.quantity.unit), Column("wire", unit="Ω"),
        Column("raw", "share"), Column("after gain", "share"),
    )  # fmt: skip
    rows = tuple(
        (float(x), float(ohm), float(found.raw[m, k]), float(found.gain[m, k]))
        for k, x in enumerate(found.x)
        for m, ohm in enumerate(found.wire)
    )
    title = f"Error against {found.quantity.name} and wire resistance"
    return AnswerTable(f"map-{found.quantity.name}", title, columns, rows)
