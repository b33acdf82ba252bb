"""Every file that a user may hand over, damaged: a clear error or an answer, never a traceback.

`make soak` runs thousands of inputs a reader and writes the figures to validation/trust/fuzz.json.
"""

import gzip
import json
import os
import pickle
import random
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from xbarsim.calibration.measurements import read_curves, read_measurements
from xbarsim.circuit import build_circuit
from xbarsim.data.cifar10 import _read_binary, _read_python
from xbarsim.data.mnist import _read_idx
from xbarsim.design import load_design
from xbarsim.errors import XbarsimError
from xbarsim.exchange import from_nir, write_nir
from xbarsim.interop.matrices import read_matrix, write_matrix
from xbarsim.interop.rawfile import read_raw_file
from xbarsim.learning.build import initial_network
from xbarsim.learning.recipe import load_recipe
from xbarsim.learning.store import load_metrics, load_network, save_network
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import (
    CrossbarParams,
    SubcircuitCell,
    load_cell,
    load_crossbar,
    load_device,
    load_topology,
    load_transient,
)  # fmt: skip
from xbarsim.spice.batch import read_raw
from xbarsim.spice.deck import write_netlist
from xbarsim.spice.foreign import read_device
from xbarsim.spice.rules import check_deck
from xbarsim.validation import load_case, load_record

ROOT = Path(__file__).parents[2]
TOKENS = [
    b"nan", b"inf", b"-1", b"0", b"1e400", b"1e-400", b"9" * 40, b"\x00", b"\xff\xfe", b"[[", b"]]",
    b'"""', b"\n", b"\r", b"\n.control\nshell true\n.endc\n", b"../../../etc/passwd", b"true", b"{}",
    b"null", b"=", b",", b"+", b"*", b".end\n", b"{", b"'", b"\xc3\xa9", b"1_000", b"0x10", b" ",
]  # fmt: skip


def damage(content: bytes, seed: int) -> bytes:
    """Mutate bytes: flips, cuts, repeats, shuffled lines, tokens that parsers stumble over."""
    chance = random.Random(seed)
    for _ in range(chance.choice([0, 1, 1, 1, 2, 4, 16])):
        if not content:
            break
        at = chance.randrange(len(content))
        to = min(len(content), at + chance.choice([1, 1, 2, 8, 64]))
        change = chance.randrange(7)
        if change == 0:
            content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
        elif change == 1:
            content = content[:at] + content[to:]
        elif change == 2:
            content = content[:to] + content[at:to] * chance.choice([1, 3]) + content[to:]
        elif change == 3:
            content = content[:at] + chance.choice(TOKENS) + content[at:]
        elif change == 4:
            content = content[:at] + chance.choice(TOKENS) + content[to:]
        elif change == 5:
            content = content[:at]
        else:
            lines = content.split(b"\n")
            chance.shuffle(lines)
            content = b"\n".join(lines)
    return content


def parameter_files() -> list[bytes]:
    folder = resources.files("xbarsim.parameters") / "presets"
    extra = (
        b'[device]\nr_min = 5e4\nr_max = 1.25e6\n[cell]\nkind = "sinh"\nv0 = 0.3\n'
        b'[topology]\ndrive = "both"\nlead_row = 2\n[transient]\n[crossbar]\nr_wire_row = 3.2\n'
    )
    return [extra, *(file.read_bytes() for file in folder.iterdir() if file.name[-5:] == ".toml")]


def decks() -> list[bytes]:
    own = write_netlist(
        build_circuit(np.full((3, 2), 1e-5), CrossbarParams(rows=3, cols=2)), np.ones((2, 3))
    )
    return [
        own.encode(),
        *(file.read_bytes() for file in sorted((ROOT / "netlists").glob("*.cir"))[:8]),
    ]


def raw_files() -> list[bytes]:
    names = b"".join(b"\t%d\tv(n%d)\tvoltage\n" % (k, k) for k in range(3))
    head = b"Title: x\nFlags: real\nNo. Variables: 3\nNo. Points: 4\nVariables:\n" + names
    return [head + b"Binary:\n" + np.arange(12.0).tobytes()]


def checkpoints(folder: Path) -> list[bytes]:
    recipe = load_recipe("digits-ann")
    save_network(initial_network(recipe), recipe, folder / "net", metrics={"accuracy": 1.0})
    return [(folder / "net").read_bytes(), save({"a": torch.zeros(2)}, {"recipe": "{}"})]


def curve_file() -> bytes:
    lines = ["v,i_0,i_1"]
    lines += [f"{v},{1e-5 * v},{2e-5 * v}" for v in (-0.2, -0.1, 0.1, 0.2)]
    return ("\n".join(lines) + "\n").encode()


def matrices(folder: Path, suffix: str) -> list[bytes]:
    write_matrix(folder / f"matrix{suffix}", np.arange(6.0).reshape(3, 2))
    return [(folder / f"matrix{suffix}").read_bytes()]


def nir_files(folder: Path) -> list[bytes]:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), LIF(NeuronParams(leak=0.8)))
    write_nir(network, folder / "net.nir", (3,))
    return [(folder / "net.nir").read_bytes()]


def pickles() -> list[bytes]:
    batch = {b"data": np.zeros((2, 3072), dtype=np.uint8), b"labels": [1, 2]}
    return [pickle.dumps(batch, protocol=p) for p in (0, 2, 4)]


READERS = {
    "parameters": (
        lambda path: [
            load_device(path), load_crossbar(path, rows=3, cols=2), load_cell(path),
            load_topology(path), load_transient(path),
        ],
        lambda _: parameter_files(),
        ".toml",
    ),
    "case": (
        load_case,
        lambda _: [f.read_bytes() for f in sorted((ROOT / "validation/cases").glob("*.toml"))],
        ".toml",
    ),
    "record": (
        load_record,
        lambda _: [f.read_bytes() for f in sorted((ROOT / "validation/records").glob("*.json"))[:3]],
        ".json",
    ),
    "recipe": (
        load_recipe,
        lambda _: [
            f.read_bytes() for f in (resources.files("xbarsim.learning") / "recipes").iterdir()
        ],
        ".toml",
    ),
    "deck": (lambda path: check_deck(path.read_text(errors="replace")), lambda _: decks(), ".cir"),
    "sub-circuit": (
        lambda path: read_device(SubcircuitCell(path=path, subckt="cell", parameter="g")),
        lambda _: [b"* a device\n.subckt cell a b g=1e-5\nR1 a b {1/g}\n.ends cell\n"],
        ".lib",
    ),
    "raw file": (lambda path: read_raw(path.read_bytes()), lambda _: raw_files(), ".raw"),
    "measurements": (
        read_measurements,
        lambda _: [b"v_0,v_1,i_0\n0.1,0.2,1e-6\n0.0,0.2,2e-6\n"],
        ".csv",
    ),
    "I-V curves": (read_curves, lambda _: [curve_file()], ".csv"),
    "design": (
        lambda path: load_design(path, rows=3, cols=2), lambda _: parameter_files(), ".toml",
    ),
    "matrix CSV": (read_matrix, lambda folder: matrices(folder, ".csv"), ".csv"),
    "matrix npy": (read_matrix, lambda folder: matrices(folder, ".npy"), ".npy"),
    "matrix mat": (read_matrix, lambda folder: matrices(folder, ".mat"), ".mat"),
    "any raw file": (read_raw_file, lambda _: raw_files(), ".raw"),
    "NIR file": (from_nir, nir_files, ".nir"),
    "checkpoint": (lambda path: [load_network(path), load_metrics(path)], checkpoints, ".safetensors"),
    "idx file": (
        _read_idx,
        lambda _: [gzip.compress(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(6), mtime=0)],
        ".gz",
    ),
    "python batch": (_read_python, lambda _: pickles(), ".pkl"),
    "binary batch": (_read_binary, lambda _: [bytes(3073 * 2)], ".bin"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tally():
    """What happened to each reader's inputs; written to XBARSIM_FUZZ_REPORT when that is set."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in READERS}
    yield counts
    report = os.environ.get("XBARSIM_FUZZ_REPORT")
    if report:
        Path(report).parent.mkdir(parents=True, exist_ok=True)
        Path(report).write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("default")
def test_a_damaged_file_gives_a_clear_error_or_an_answer(name, tally, tmp_path_factory):
    read, seeds, suffix = READERS[name]
    folder = tmp_path_factory.mktemp("fuzz")
    originals = seeds(folder)
    path = folder / f"file{suffix}"

    @given(st.integers(0, len(originals) - 1), st.integers(0, 2**32))
    def damaged(which, seed):
        path.write_bytes(damage(originals[which], seed))
        attempt(read, path, tally[name])

    @given(st.binary(max_size=200))
    def junk(content):
        path.write_bytes(content)
        attempt(read, path, tally[name])

    damaged()
    junk()
    assert tally[name]["accepted"] > 0
    assert tally[name]["refused"] > 0


def attempt(read, path, counts):
    """A refusal must say something; anything that is not a refusal must not be an exception."""
    counts["tried"] += 1
    try:
        read(path)
    except XbarsimError as error:
        counts["refused" if len(str(error)) > 10 else "unclear"] += 1
    else:
        counts["accepted"] += 1
    assert not counts["unclear"]


def test_what_fuzzing_found_stays_fixed(tmp_path):
    with pytest.raises(XbarsimError, match="lacks nodes"):
        check_deck("* title\nQ1 a=1 b=2 c=3\n.end\n")
    lib = tmp_path / "device.lib"
    lib.write_text("\n+\n.subckt cell a b g=1e-5\nR1 a b {1/g}\n.ends cell\n")
    assert "subckt" in read_device(SubcircuitCell(path=lib, subckt="cell", parameter="g"))
    batch = tmp_path / "batch"
    batch.write_bytes(b"\x80\x04\x95" + b"\xff" * 8 + b".")
    with pytest.raises(XbarsimError, match="read safely"):
        _read_python(batch)
