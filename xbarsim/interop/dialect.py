"""This module is the step from a deck of ours to one that LTspice, Xyce or HSPICE reads.

It rewrites the cards that ``write_netlist`` emits and refuses any other. The results are checked by
rules of text; none of these simulators ran them.
"""

import re
from collections.abc import Callable

from xbarsim.errors import ParameterError, did_you_mean

DIALECTS = ("ngspice", "ltspice", "xyce", "hspice")
_PWL = re.compile(r"\bpwl\(", re.IGNORECASE)


def to_dialect(deck: str, dialect: str) -> str:
    """Return a deck of ``write_netlist`` in another simulator's words.

    ``ltspice``: no KLU option, ``table`` for ``pwl``, parameters of behavioural sources in braces.
    ``xyce``: expressions in braces, ``params:``, options by package, ``.print`` for ``.save``, a
    sweep of one point for ``.op``. ``hspice``: one input vector and linear cells, where the syntax
    is the same but for ``.print``.

    Args:
        deck: Text of a deck.
        dialect: One of ``DIALECTS``.

    Raises:
        ParameterError: If the dialect is unknown, or a card cannot be said in it; it is named.
    """
    if dialect not in DIALECTS:
        hint = did_you_mean(dialect, DIALECTS)
        msg = f"dialect is {dialect!r}; {hint}choose {', '.join(DIALECTS)}"
        raise ParameterError(msg)
    if dialect == "ngspice":
        return deck
    title, *cards = deck.rstrip("\n").split("\n")
    lines, parameters, first_source = [title], tuple[str, ...](), ""
    for card in cards:
        word = card.split(maxsplit=1)[0].lower() if card.strip() else "*"
        if word == ".subckt":
            parameters = tuple(re.findall(r"(\w+)=", card))
        if word.startswith("v") and not first_source:
            first_source = card
        lines += _card(card, word, dialect, parameters, first_source)
    return "\n".join(lines) + "\n"


def _card(
    card: str, word: str, dialect: str, parameters: tuple[str, ...], first_source: str
) -> list[str]:
    """Return the cards that say one card; ``first_source`` is what a sweep of one point sweeps."""
    kind = word[0]
    if kind == "*" or kind in "rve" or word in (".ends", ".end", ".model"):
        return [card]
    if kind in "bxm" or word == ".subckt":
        if dialect == "hspice":
            msg = f"{card[:60]!r}: HSPICE decks are written for one input vector and linear cells"
            raise ParameterError(msg)
        return [_REWRITE[dialect, word if word == ".subckt" else kind](card, parameters)]
    if word == ".options":
        return _options(card, dialect)
    if word == ".save" and dialect != "ltspice":
        names = card.split()[1:]
        return [f".print dc {'format=csv ' if dialect == 'xyce' else ''}{' '.join(names)}"]
    if word == ".op" and dialect == "xyce":
        name, _, _, value = first_source.split()
        return [f".dc {name} list {value}"]
    if word in (".op", ".dc", ".save"):
        return [card]
    msg = f"{card[:60]!r} is no card that can be said in {dialect}; only xbarsim's own decks can"
    raise ParameterError(msg)


def _options(card: str, dialect: str) -> list[str]:
    given = dict(word.partition("=")[::2] for word in card.split()[1:])
    klu = given.pop("klu", None)
    if dialect != "xyce":
        return [".options " + " ".join(f"{k}={v}" for k, v in given.items())] if given else []
    lines = [] if klu is None else [".options linsol type=klu"]
    solver = [f"{k}={given[k]}" for k in ("reltol", "abstol") if k in given]
    lines += [f".options nonlin {' '.join(solver)}"] if solver else []
    return lines + ([f".options device gmin={given['gmin']}"] if "gmin" in given else [])


def _ltspice_source(card: str, parameters: tuple[str, ...]) -> str:
    head, sign, expression = card.partition("=")
    expression = _PWL.sub("table(", expression)
    for name in parameters:
        expression = re.sub(rf"\b{name}\b", "{" + name + "}", expression)
    return head + sign + expression


def _xyce_source(card: str, parameters: tuple[str, ...]) -> str:
    _ = parameters
    head, sign, expression = card.partition("=")
    return f"{head}{sign}{{{_PWL.sub('table(', expression)}}}"


def _params(card: str, parameters: tuple[str, ...]) -> str:
    """Put ``params:`` before the first assignment."""
    _ = parameters
    return re.sub(r"\s(\w+=)", r" params: \1", card, count=1)


def _same(card: str, parameters: tuple[str, ...]) -> str:
    _ = parameters
    return card


_REWRITE: dict[tuple[str, str], Callable[[str, tuple[str, ...]], str]] = {
    ("ltspice", "b"): _ltspice_source,
    ("ltspice", "x"): _same,
    ("ltspice", "m"): _same,
    ("ltspice", ".subckt"): _same,
    ("xyce", "b"): _xyce_source,
    ("xyce", "x"): _params,
    ("xyce", "m"): _same,
    ("xyce", ".subckt"): _params,
}
