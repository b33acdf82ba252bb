"""The package as users meet it: public names, light import, a command line that helps."""

import inspect
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import xbarsim

ROOT = Path(__file__).parents[1]


def run(*args, **env):
    command = [sys.executable, "-m", "xbarsim", *args]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **env}
    )


def test_public_names():
    assert sorted(xbarsim.__all__) == [
        "CrossbarParams", "DeviceParams", "InferenceTrace", "OutOfValidatedRangeError",
        "ParameterError", "ReferenceCurrents", "SpiceError", "ValidationCase", "ValidationRecord",
        "XbarsimError", "as_network", "effective_conductance", "from_nir", "from_norse", "from_onnx",
        "from_snntorch", "from_spikingjelly", "load_crossbar", "load_dataset", "load_device",
        "simulate", "spice_currents", "to_crossbar", "to_nir", "validate", "write_nir",
        "write_simulation_report",
    ]  # fmt: skip
    for name in xbarsim.__all__:
        assert getattr(xbarsim, name).__doc__
    with pytest.raises(AttributeError, match="nothing"):
        xbarsim.nothing  # noqa: B018


def test_importing_is_light():
    # Processor time: on loaded cores the clock on the wall says nothing.
    code = (
        "import time; start = time.process_time(); import xbarsim; "
        "seconds = time.process_time() - start; import sys, xbarsim.cli; print(seconds, *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *modules = done.stdout.split()
    assert float(seconds) < 0.4
    heavy = {"torch", "PySpice", "matplotlib", "scipy", "numba", "sklearn", "pandas"}
    heavy |= {"nir", "onnx", "snntorch", "norse", "spikingjelly"}
    assert not heavy & {name.split(".")[0] for name in modules}


COMMANDS = [
    "demo",
    "devices",
    "netlist",
    "spice",
    "validate",
    "report",
    "calibrate",
    "check",
    "transient",
    "campaign",
    "study",
    "train",
    "convert",
    "infer",
    "cure",
    "bench",
    "doctor",
    "nir",
    "schema",
    "matrix",
    "raw",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert f"`xbarsim {command}" in (ROOT / "README.md").read_text()


def commands():
    """Every command with the words that call it."""
    from typer.main import get_command

    from xbarsim.cli.app import app

    def walk(command, name):
        if children := getattr(command, "commands", None):
            for key, child in children.items():
                yield from walk(child, f"{name} {key}".strip())
        else:
            yield name, command

    return dict(walk(get_command(app), ""))


@pytest.mark.parametrize("name", commands())
def test_every_command_has_json_helps_with_every_word_and_bounds_its_numbers(name):
    command = commands()[name]
    assert len(command.help) > 20
    assert any("--json" in param.opts for param in command.params)
    assert [param.name for param in command.params if not getattr(param, "help", None)] == []
    hints = get_type_hints(inspect.unwrap(command.callback), include_extras=True)
    unbounded = [
        word
        for word, hint in hints.items()
        if get_origin(hint) is Annotated and {int, float} & types_in(get_args(hint)[0])
        if get_args(hint)[1].min is None
    ]
    assert unbounded == []


def types_in(hint):
    """The types that a hint such as ``list[int] | None`` is made of."""
    return {hint}.union(*(types_in(part) for part in get_args(hint)))


@pytest.mark.parametrize("name", commands())
def test_every_command_shows_examples_that_it_understands(name):
    from xbarsim.cli.examples import EXAMPLES

    command = commands()[name]
    for line in EXAMPLES[name]:
        words = shlex.split(line)
        assert " ".join(words[: len(name.split())]) == name
        command.make_context(name, words[len(name.split()) :]).close()
        assert f"xbarsim {line}" in command.epilog


def test_a_newcomer_reads_how_to_train_digits():
    text = commands()["train"].help
    assert "in under a minute: ``xbarsim train digits-ann -o digits.safetensors``" in text


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("do", ["doctor"]),
        ("infer --device bhat", ["bhattacharjee2022"]),
        ("infer --gain co", ["column"]),
        ("infer net.nir --dataset mn", ["mnist"]),
        ("train digits-b", ["digits-bntt"]),
        ("netlist joshi", ["joshi2020"]),
        ("infer --allow", ["--allow-unvalidated"]),
    ],
)
def test_the_shell_completes_commands_options_and_names(line, wanted):
    from typer.testing import CliRunner

    from xbarsim.cli.app import app

    words = {
        "_XBARSIM_COMPLETE": "complete_bash",
        "COMP_WORDS": f"xbarsim {line}",
        "COMP_CWORD": str(len(line.split())),
    }
    done = CliRunner().invoke(app, [], prog_name="xbarsim", env=words)
    assert done.stdout.split() == wanted


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["doctr"], "doctor"),
        (["schema", "devices"], "choose device, case, recipe"),
        (["matrix", "absent.csv", "x.npy"], "absent.csv"),
        (["devices", "bhattacharje2022"], "did you mean 'bhattacharjee2022'"),
        (["validate", "absent.toml"], "cannot read absent.toml"),
        (["infer", "absent.safetensors"], "absent.safetensors"),
        (["spice", "--conductance", "absent.csv"], "absent.csv"),
        (["spice", "--engine", "magic"], "magic"),
        (["train", "digit-ann", "-o", "x.safetensors"], "did you mean 'digits-ann'"),
        (["nosuch"], "nosuch"),
    ],
)
def test_mistakes_end_in_one_message_and_exit_code_2(args, match):
    done = run(*args)
    assert done.returncode == 2
    assert match in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_unwritable_folder_is_noticed_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("demo", "--out", str(tmp_path / "file" / "x"))
    assert done.returncode == 2
    assert "cannot write in" in done.stderr


@pytest.mark.spice
def test_missing_ngspice_is_one_clear_message(tmp_path):
    done = run("spice", "--rows", "2", "--cols", "2", NGSPICE_LIBRARY_PATH=str(tmp_path / "no.so"))
    assert done.returncode == 2
    assert "install it" in " ".join(done.stderr.split())


@pytest.mark.spice
def test_spice_reads_files_and_prints_json(tmp_path):
    (tmp_path / "g.csv").write_text("1e-5,2e-5\n3e-5,4e-5\n5e-5,1e-5\n")
    np.save(tmp_path / "v.npy", np.array([[0.1, 0.2, 0.3]]))
    done = run(
        "spice",
        "--conductance",
        str(tmp_path / "g.csv"),
        "--inputs",
        str(tmp_path / "v.npy"),
        "--json",
    )
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found["i_col"], found["fast"], rtol=1e-10)


@pytest.mark.spice
def test_validate_then_report_from_the_shell(tmp_path):
    case = tmp_path / "case.toml"
    case.write_text("sizes = [[4, 4]]\ncircuits = 1\nvectors = 2\n")
    done = run("validate", str(case), "-o", str(tmp_path / "r.json"))
    assert done.returncode == 0, done.stderr
    done = run("report", str(tmp_path / "r.json"), "-o", str(tmp_path / "r.html"))
    html = (tmp_path / "r.html").read_text()
    assert done.returncode == 0
    assert html.index("Passed.") < html.index("Worst case") < html.index("<svg")
    assert "src=" not in html
    assert "http" not in html.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "").replace("https://matplotlib.org", "")
