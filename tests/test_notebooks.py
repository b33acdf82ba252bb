"""The committed notebooks are those of their sources, were run from start to end, and have pictures."""

import json
import re
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


def code_cells(source):
    """Return the code cells of a percent script; magics stand there as comments."""
    parts = re.split(r"^# %%(.*)\n", source.read_text(), flags=re.MULTILINE)[1:]
    cells = zip(parts[::2], parts[1::2], strict=True)
    code = [text.strip() for kind, text in cells if "[markdown]" not in kind]
    return [text.replace("# %matplotlib", "%matplotlib") for text in code]


def test_there_are_six():
    assert [source.name[:2] for source in SOURCES] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_notebook_is_fresh_and_was_run(source):
    cells = json.loads(source.with_suffix(".ipynb").read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert ["".join(cell["source"]) for cell in code] == code_cells(source)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" for output in outputs)
    assert len(cells) < 25
    said = [output["name"] for output in outputs if output["output_type"] == "stream"]
    assert "stderr" not in said
    assert source.with_suffix(".ipynb").stat().st_size < 300_000
