"""This module is the electrical rule check: what is wrong with a circuit, before anything runs."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import networkx as nx

from xbarsim.circuit import GROUND, R_FLOOR
from xbarsim.spice.reader import Deck, Element, read_deck

_ANALYSES = {".op", ".dc", ".tran", ".ac"}
_OPTIONS = {"klu", "sparse", "reltol", "abstol", "vntol", "gmin", "chgtol", "trtol", "method"}
_REFUSED = {".control", ".exec", ".include", ".inc", ".lib", ".csparam"}
_SHOWN = 4


@dataclass(frozen=True)
class Finding:
    """One thing that a designer should know.

    Attributes:
        severity: ``error`` when the deck must not run, ``note`` otherwise.
        rule: Short name of the rule.
        message: What, where, and what to do.
    """

    severity: Literal["error", "note"]
    rule: str
    message: str


def check_deck(text: str) -> list[Finding]:
    """Check a deck against every rule.

    Returns:
        Findings, errors first; none when there is nothing to say.

    Raises:
        ParameterError: If the text is no deck at all.
    """
    deck = read_deck(text)
    graph = deck_graph(deck)
    found = [
        *_cards(deck), *_names(deck), *_values(deck), *_paths(graph), *_dangling(graph),
        *_loops(deck), *_array(deck),
    ]  # fmt: skip
    return sorted(found, key=lambda finding: finding.severity)


def deck_graph(deck: Deck) -> Any:  # noqa: ANN401
    """Return the circuit as a multigraph: nodes are nodes, edges are element pins.

    Edge attribute ``dc`` says whether direct current can pass; ``element`` is the card.
    """
    graph = nx.MultiGraph()
    graph.add_node(GROUND)
    for element in deck.elements:
        first, *others = element.nodes
        for k, node in enumerate(others):
            conducts = element.kind not in "ci" and k == 0 and not _is_current(element)
            graph.add_edge(first, node, dc=conducts, element=element)
    return graph


def _is_current(element: Element) -> bool:
    return element.kind == "b" and re.search(r"\bI\s*=", element.text, re.IGNORECASE) is not None


def _cards(deck: Deck) -> Iterator[Finding]:
    words = [word for word, _ in deck.cards]
    for word in dict.fromkeys(words):
        if word in _REFUSED:
            yield Finding("error", "command", f"{word} can run or open things; take it out")
    if ".end" not in words:
        yield Finding("error", "end", "there is no .end: the deck may be cut short")
    if not _ANALYSES & set(words):
        yield Finding(
            "error", "analysis", "there is no analysis (.op, .dc, .tran): nothing would run"
        )
    for rest in deck.rest(".options"):
        for option in re.sub(r"\s*=\s*", "=", rest).lower().split():
            if option.split("=")[0] not in _OPTIONS:
                message = (
                    f"option {option!r} is not one that is known to be safe; ngspice may ignore it"
                )
                yield Finding("error", "option", message)
    nodes = {node for element in deck.elements for node in element.nodes}
    saved = {name for rest in deck.rest(".save") for name in re.findall(r"v\((\w+)\)", rest)}
    for name in _some(saved - nodes):
        yield Finding("error", "save", f"v({name}) is saved but no element touches node {name}")


def _names(deck: Deck) -> Iterator[Finding]:
    counts = Counter(element.name.lower() for element in deck.elements)
    for name in _some({name for name, count in counts.items() if count > 1}):
        message = (
            f"{counts[name]} elements are called {name} (case does not count); ngspice keeps one"
        )
        yield Finding("error", "duplicate", message)
    for element in deck.elements:
        odd = [node for node in element.nodes if not re.fullmatch(r"[\w.#-]+", node)]
        if odd:
            message = f"{element.name}: node {odd[0]!r} holds a character that ngspice may split at"
            yield Finding("error", "name", message)
        if element.subckt and deck.subckts.get(element.subckt) != len(element.nodes):
            has = deck.subckts.get(element.subckt)
            what = "is not defined" if has is None else f"has {has} pins"
            message = f"{element.name} has {len(element.nodes)} pins but {element.subckt} {what}"
            yield Finding("error", "subckt", message)
            return


def _values(deck: Deck) -> Iterator[Finding]:
    floors = []
    for element in deck.elements:
        if element.kind not in "rc":
            continue
        what = "resistance" if element.kind == "r" else "capacitance"
        if math.isnan(element.value):
            message = f"{element.name}: its {what} is missing or no bare number: {element.text!r}"
            yield Finding("error", "value", message)
        elif element.value <= 0:
            message = f"{element.name}: a {what} of {element.value!r} is not physical here"
            yield Finding("error", "value", message)
        elif element.kind == "r" and element.value == R_FLOOR:
            floors.append(element.name)
    if floors:
        message = (
            f"{len(floors)} resistances of zero are written as {R_FLOOR} Ω ({floors[0]} first)"
        )
        yield Finding("note", "floor", message)


def _paths(graph: Any) -> Iterator[Finding]:  # noqa: ANN401
    conducting = nx.Graph((a, b) for a, b, dc in graph.edges(data="dc") if dc)
    conducting.add_nodes_from(graph)
    reached = nx.node_connected_component(conducting, GROUND)
    if len(reached) == 1:
        yield Finding("error", "ground", "nothing is connected to ground (node 0)")
        return
    for name in _some(set(graph) - reached):
        message = f"node {name} has no DC path to ground: its voltage would be arbitrary"
        yield Finding("error", "path", message)


def _dangling(graph: Any) -> Iterator[Finding]:  # noqa: ANN401
    ends = sorted(node for node, degree in graph.degree() if degree == 1 and node != GROUND)
    if ends:
        shown = ", ".join(ends[:_SHOWN])
        message = f"{len(ends)} nodes hang on one element ({shown}): no current flows into them"
        yield Finding("note", "dangling", message)


def _loops(deck: Deck) -> Iterator[Finding]:
    """A loop of sources, inductors and zero resistances has no defined current."""
    stiff = nx.MultiGraph(
        (*element.nodes[:2], {"element": element.name})
        for element in deck.elements
        if element.kind in "vl"
        or (element.kind == "r" and element.value == 0)
        or (element.kind == "b" and not _is_current(element))
    )
    for part in nx.connected_components(stiff):
        inside = stiff.subgraph(part)
        if inside.number_of_edges() >= inside.number_of_nodes():
            names = ", ".join(name for *_, name in list(inside.edges(data="element"))[:_SHOWN])
            message = f"a loop without resistance runs through {names}: its current is undefined"
            yield Finding("error", "loop", message)


def _array(deck: Deck) -> Iterator[Finding]:
    """Check counts and lines of a deck that names its array in the title."""
    match = re.match(r"\* xbarsim (\d+)x(\d+) crossbar", deck.title)
    if match is None:
        return
    rows, cols = int(match[1]), int(match[2])
    nodes = {node for element in deck.elements for node in element.nodes}
    wires = nx.Graph(e.nodes for e in deck.elements if e.name.lower().startswith(("rwr", "rwc")))
    wires.add_nodes_from(nodes)
    words = [i for i in range(rows) if any(f"wl_{i}_{j}" in nodes for j in range(cols))]
    for i in words:
        yield from _line(wires, f"word line {i}", [f"wl_{i}_{j}" for j in range(cols)])
    for j in range(cols):
        yield from _line(wires, f"bit line {j}", [f"bl_{i}_{j}" for i in range(rows)])
    lines = len(words) * (cols - 1) + (rows - 1) * cols
    for what, prefixes, wanted in (
        ("wire segments", ("rwr", "rwc"), {lines}),
        ("sense resistors", ("rs", "rt"), {cols, 2 * cols}),
        ("cells", ("rm", "xm"), set(range(rows * cols + 1))),
        ("difference amplifiers", ("ed", "ee"), {0, cols // 2, cols // 2 * 2}),
    ):
        has = sum(element.name.lower().startswith(prefixes) for element in deck.elements)
        if has not in wanted:
            message = f"{has} {what} where a {rows}x{cols} array has {max(wanted)}"
            yield Finding("error", "count", message)


def _line(wires: Any, name: str, nodes: list[str]) -> Iterator[Finding]:  # noqa: ANN401
    missing = [node for node in nodes if node not in wires]
    if missing:
        message = f"{name} lacks {len(missing)} of {len(nodes)} nodes, {missing[0]} first"
        yield Finding("error", "line", message)
    elif not set(nodes) <= nx.node_connected_component(wires, nodes[0]):
        yield Finding("error", "line", f"{name} is broken: its wire does not join all of its cells")


def _some(names: set[str]) -> list[str]:
    return sorted(names)[:_SHOWN]
