"""This module is what ``python -m xbarsim`` and the ``xbarsim`` command run."""

import os


def main() -> None:
    """Run the command line.

    Threads of torch's that wait for work sleep, unless the user says otherwise: spinning, they take
    half of a core from our compiled loops between two convolutions.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from xbarsim.cli import run

    run()


if __name__ == "__main__":
    main()
