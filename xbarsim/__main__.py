"""This module is what ``python -m xbarsim`` and the ``xbarsim`` command run."""


def main() -> None:
    """Run the command line."""
    from xbarsim.cli import run

    run()


if __name__ == "__main__":
    main()
