"""Run the notebooks from start to end and keep their pictures: run_notebooks.py [NAME ...]."""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
LONGEST = 180
MOST_CELLS = 24


def main() -> None:
    """Run the named notebooks, or all; a cell that fails, or too many cells, is an error."""
    sources = sorted(FOLDER.glob("*.py"))
    if len(sys.argv) > 1:
        sources = [source for source in sources if source.stem in sys.argv[1:]]
    for source in sources:
        notebook = jupytext.read(source)
        if len(notebook.cells) > MOST_CELLS:
            sys.exit(f"{source.name} has {len(notebook.cells)} cells; keep it to {MOST_CELLS}")
        start = time.perf_counter()
        NotebookClient(
            notebook,
            timeout=LONGEST,
            kernel_name="python3",
            resources={"metadata": {"path": FOLDER}},
        ).execute()
        seconds = time.perf_counter() - start
        _forget_times(notebook)
        nbformat.write(notebook, source.with_suffix(".ipynb"))
        print(f"{source.stem}: {len(notebook.cells)} cells, {seconds:.0f} s")
        if seconds > LONGEST:
            sys.exit(f"{source.stem} took {seconds:.0f} s; it may take {LONGEST}")


def _forget_times(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs from run to run, so that only results show in a diff."""
    notebook.metadata.pop("language_info", None)
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        cell["id"] = f"cell-{number}"


if __name__ == "__main__":
    main()
