"""The command line: each command reads, calls one function, and prints."""

from xbarsim.cli.app import run as run
