"""A small solver of its own: the cards of a hand-written deck, in rational numbers, by sympy."""

from pathlib import Path

import pytest
from sympy import Matrix, Rational, zeros

DECKS = Path(__file__).parent / "decks"


@pytest.fixture
def deck_text():
    """Text of a deck by name."""
    return lambda name: (DECKS / f"{name}.cir").read_text()


@pytest.fixture
def rational():
    """Exact node voltages of a deck by name."""
    return node_voltages


def node_voltages(name: str) -> dict[str, Rational]:
    """Kirchhoff's current law at every node of a deck of R and grounded V cards, without rounding."""
    known, resistors = {"0": Rational(0)}, []
    for line in (DECKS / f"{name}.cir").read_text().splitlines()[1:]:
        words = line.split()
        if words and words[0][0] == "V":
            known[words[1]] = Rational(words[3])
        elif words and words[0][0] == "R":
            resistors.append((words[1], words[2], Rational(words[3])))
    free = sorted({node for card in resistors for node in card[:2]} - known.keys())
    place = {node: k for k, node in enumerate(free)}
    laws, right = zeros(len(free), len(free)), zeros(len(free), 1)
    for first, second, ohm in resistors:
        for here, there in ((first, second), (second, first)):
            if here in place:
                laws[place[here], place[here]] += 1 / ohm
                if there in place:
                    laws[place[here], place[there]] -= 1 / ohm
                else:
                    right[place[here]] += known[there] / ohm
    solved: Matrix = laws.LUsolve(right)
    return {node: solved[k] for node, k in place.items()}
