"""Shared by all tests: the paper's parameters, and a cache folder that is thrown away."""

import os
import signal

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from xbarsim.parameters import CrossbarParams, DeviceParams, load_device

# The same examples every time, so that a run says something about the change; `make soak` looks on.
settings.register_profile(
    "default",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=int(os.environ.get("XBARSIM_FUZZ_EXAMPLES", "3000")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("default")


@pytest.fixture(autouse=True, scope="session")
def _interruptible():
    """A shell that starts tests in the background ignores interrupts, and children would inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test reads or fills the user's cache."""
    monkeypatch.setenv("XBARSIM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def device() -> DeviceParams:
    return load_device("bhattacharjee2022")


@pytest.fixture
def crossbar() -> CrossbarParams:
    """Asymmetric on purpose: every resistance differs, and rows differ from columns."""
    return CrossbarParams(
        rows=5, cols=3, r_driver=300.0, r_wire_row=7.0, r_wire_col=20.0, r_sense=900.0
    )


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(20261124)
