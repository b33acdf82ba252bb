"""This module is the reader of decks: cards back into elements, for checks before anything runs."""

import math
import re
from dataclasses import dataclass, field

from xbarsim.errors import ParameterError

_TWO_PINS = set("rclvib")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Element:
    """One element card.

    Attributes:
        name: As written.
        nodes: In lower case, as ngspice reads them.
        value: Of a resistor, capacitor, inductor or plain source; nan when it is no number.
        text: The whole card.
        subckt: Sub-circuit that an X card instantiates.
    """

    name: str
    nodes: tuple[str, ...]
    value: float
    text: str
    subckt: str = ""

    @property
    def kind(self) -> str:
        """The letter that says what it is, lower case."""
        return self.name[0].lower()


@dataclass(frozen=True)
class Deck:
    """A deck's cards, sorted by what they are.

    Attributes:
        title: First line.
        elements: Elements outside sub-circuits, in order.
        subckts: Number of pins of each sub-circuit.
        cards: Other cards as (word, rest), in order.
    """

    title: str
    elements: tuple[Element, ...]
    subckts: dict[str, int] = field(default_factory=dict)
    cards: tuple[tuple[str, str], ...] = ()

    def rest(self, word: str) -> list[str]:
        """Return what follows each card of this name."""
        return [rest for card, rest in self.cards if card == word]


def read_deck(text: str) -> Deck:
    """Read a deck.

    Raises:
        ParameterError: If it is empty, or an element card has too few words to be one.
    """
    lines = _joined(text)
    if not lines:
        msg = "the deck is empty; write one with `xbarsim netlist`"
        raise ParameterError(msg)
    elements, cards, subckts = [], [], {}
    inside = False
    for line in lines[1:]:
        word, _, rest = line.partition(" ")
        word = word.lower()
        if word == ".subckt":
            inside = True
            names = [part for part in rest.split() if "=" not in part and part != "params:"]
            subckts[names[0].lower()] = len(names) - 1
        elif word == ".ends":
            inside = False
        elif word.startswith("."):
            if not inside:
                cards.append((word, rest))
        elif not inside:
            elements.append(_element(line))
    return Deck(lines[0], tuple(elements), subckts, tuple(cards))


def _joined(text: str) -> list[str]:
    """Return the title and the cards, continuations joined, comments and blank lines left out."""
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("+") and len(lines) > 1:
            lines[-1] += " " + line[1:].strip()
        elif not lines or (line and not line.startswith("*")):
            lines.append(line)
    return lines if any(line.strip() for line in lines) else []


def _element(line: str) -> Element:
    words = line.split()
    kind = words[0][0].lower()
    if kind == "x":
        plain = [word for word in words[1:] if "=" not in word]
        if len(plain) >= 3:
            nodes = tuple(node.lower() for node in plain[:-1])
            return Element(words[0], nodes, math.nan, line, plain[-1].lower())
    elif kind in _TWO_PINS:
        if len(words) >= 3:
            value = words[3] if len(words) > 3 else ""
            nodes = (words[1].lower(), words[2].lower())
            return Element(words[0], nodes, _number(value), line)
    elif len(words) >= 3:
        nodes = tuple(word.lower() for word in words[1:-1] if "=" not in word)
        if len(nodes) >= 2:
            return Element(words[0], nodes, math.nan, line)
    msg = f"{line!r} is not an element: it lacks nodes"
    raise ParameterError(msg)


def _number(word: str) -> float:
    """Return a bare number, nan for anything else: suffixes mean different things in versions."""
    return float(word) if _NUMBER.fullmatch(word) else math.nan
