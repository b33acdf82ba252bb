"""This module is how commands print: tables for people, JSON for programs."""

import json as json_format
from typing import Annotated, Any

import typer
from rich.console import Console

OUT = Console()
ERR = Console(stderr=True)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of a table.")]


def print_json(value: Any) -> None:  # noqa: ANN401
    """Print a value as JSON with sorted keys on stdout."""
    typer.echo(json_format.dumps(value, indent=1, sort_keys=True, default=_plain))


def say(value: Any, text: str, *, json: bool) -> None:  # noqa: ANN401
    """Print a value as JSON, or the sentence that says it to a person."""
    if json:
        print_json(value)
    else:
        OUT.print(text, markup=False, soft_wrap=True)


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Turn arrays and numpy scalars into lists and numbers."""
    return value.tolist()
