"""A new user tries the README: its blocks run as they stand, and its command gives the same numbers."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.spice]

README = (Path(__file__).parents[1] / "README.md").read_text()
LIMIT_S = 120

# Runs the blocks as they stand, one after the other, then says what they left behind.
RUNNER = """
import json, sys
names = {"__name__": "__main__"}
for block in json.load(sys.stdin):
    exec(compile(block, "README.md", "exec"), names)
labels = names["data"].test_labels
found = {name: list(names[of].accuracy(labels)) for name, of in
         (("software", "software"), ("hardware", "trace"))}
evidence = {layer.validated for layer in names["hardware"].layer_summaries}
print(json.dumps({**found, "evidence": sorted(evidence)}))
"""


def block_with(text):
    (found,) = (b for b in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if text in b)
    return found


def command_with(text):
    (found,) = (
        line[4:] for line in README.splitlines() if line.startswith("    ") and text in line
    )
    return found


def run(command, folder, **kwargs):
    # One thread: on loaded cores, threads that wait for each other take many times longer.
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=True, timeout=LIMIT_S,
        **kwargs,
    )  # fmt: skip


def test_the_tutorial_runs_from_start_to_end(tmp_path):
    text = (Path(__file__).parents[1] / "docs/tutorial.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    done = run([sys.executable, "-c", "".join(blocks)], tmp_path)
    arrives, difference, solver, changed = done.stdout.splitlines()
    assert 0 < float(arrives) < 0.5
    assert float(difference) < 1e-9
    assert solver.startswith("ngspice")
    assert "tensor" in changed


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """The folder in which the blocks were run, and what the Python blocks found."""
    folder = tmp_path_factory.mktemp("readme")
    blocks = [block_with("import snntorch"), block_with("xb.write_nir")]
    done = run([sys.executable, "-c", RUNNER], folder, input=json.dumps(blocks))
    return folder, json.loads(done.stdout)


def test_the_block_is_short():
    lines = [line for line in block_with("import snntorch").splitlines() if line.strip()]
    assert len(lines) < 20


def test_a_snntorch_network_is_trained_put_on_crossbars_and_reported(tried):
    folder, found = tried
    assert len(found["hardware"]) == 20
    assert found["hardware"][-1] > 0.8
    assert found["software"][-1] > 0.9
    assert found["hardware"] != found["software"]
    assert found["evidence"] == ["bhattacharjee2022"]
    report = (folder / "report.html").read_text()
    assert f"<strong>{100 * found['hardware'][-1]:.2f} %</strong> of 359 images" in report
    assert report.count("<svg") == 3


def test_the_same_from_a_nir_file_by_the_command_line(tried):
    folder, found = tried
    words = shlex.split(command_with("xbarsim infer net.nir"))
    done = run([sys.executable, "-m", *words, "--json"], folder)
    assert json.loads(done.stdout) == found
    report = (folder / "nir.html").read_text()
    assert f"<strong>{100 * found['hardware'][-1]:.2f} %</strong> of 359 images" in report
