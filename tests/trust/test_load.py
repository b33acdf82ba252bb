"""Nothing grows with the number of runs; the long forms are `xbarsim bench load`."""

import pytest

from xbarsim.benchmarks import load
from xbarsim.benchmarks.growth import LEAKS, leak


@pytest.mark.spice
def test_a_run_in_this_process_leaves_less_than_a_kilobyte():
    """PySpice issue 373: 13 MiB a simulation; ngspice also kept every command, a kilobyte a run."""
    per_run, seconds = load._alone(leak, "ngspice in this process", 300)
    assert per_run < 3000, "1 MB per 1000 runs is the bar of the long form; pages blur a short one"
    assert seconds > 0


def test_a_leak_is_seen(monkeypatch):
    kept = []
    # Far more than other memory of the process moves, and written to, so that it is really there.
    monkeypatch.setitem(LEAKS, "leaky", lambda: lambda: kept.append(bytearray(b"x" * 50_000)))
    assert leak("leaky", 400)[0] == pytest.approx(50_000, rel=0.3)


@pytest.mark.spice
def test_layers_stream_through_bounded_memory():
    found = load._weights(layers=3, side=256)
    assert found["mapping: weights"][0] == 3 * 256**2
    assert 0.1 < found["mapping: peak memory of the process [GiB]"][0] < 4
