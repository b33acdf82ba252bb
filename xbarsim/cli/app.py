"""This module is the ``xbarsim`` command: its sub-commands, and how errors and exits look."""

import sys

import typer

from xbarsim.cli import (
    benchmark,
    calibrate,
    campaign,
    check,
    convert,
    cosim,
    cure,
    demo,
    devices,
    doctor,
    evidence,
    files,
    infer,
    netlist,
    networks,
    nir,
    spice,
)
from xbarsim.cli.examples import epilog
from xbarsim.cli.output import ERR
from xbarsim.errors import SpiceError, XbarsimError
from xbarsim.interrupts import Terminated, end_as_after_interrupt

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="From memristive device parameters to the accuracy of a whole spiking network, with "
    "circuit-level SPICE evidence attached. Exit codes: 0 passed, 1 did not validate, 2 could not "
    "run.",
)

for module in (
    demo, devices, netlist, spice, campaign, check, evidence, calibrate, networks, convert, infer,
    cure, cosim, benchmark, nir, files, doctor,
):  # fmt: skip
    module.register(app)


def _show_examples(commands: typer.Typer, prefix: str = "") -> None:
    """Put the examples under the help of every command."""
    for command in commands.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        command.epilog = epilog(f"{prefix}{name}")
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            _show_examples(group.typer_instance, f"{prefix}{group.name} ")


_show_examples(app)


def run() -> None:
    """Run the command line; our own errors become one message and exit code 2."""
    end_as_after_interrupt()
    try:
        app()
    except (SystemExit, KeyboardInterrupt) as error:
        _tell_interrupt(error)
        raise
    except XbarsimError as error:
        ERR.print(f"[bold red]error:[/] {_escape(str(error))}")
        if isinstance(error, SpiceError) and error.log_tail:
            ERR.print("[dim]ngspice printed last:[/]")
            ERR.print(_escape(error.log_tail), highlight=False)
        sys.exit(2)
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        words = f"the system refused{name}: {error.strerror or error}; free some space, or choose"
        ERR.print(f"[bold red]error:[/] {_escape(words)} another place")
        sys.exit(2)


def _tell_interrupt(error: BaseException) -> None:
    """End with one line when an interrupt is what ended the command, however deep it came from."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        ended = isinstance(cause, Terminated)
        words = "ended by SIGTERM" if ended else "interrupted"
        ERR.print(f"{words}; files are whole, and the same command goes on from what was kept")
        sys.exit(143 if ended else 130)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
