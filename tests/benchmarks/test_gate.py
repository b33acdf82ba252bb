"""The speed gate's judgement, and peers that are missing; nothing here is timed."""

import sys
from pathlib import Path

import pytest

from xbarsim.benchmarks import gate, peer_environment
from xbarsim.errors import ParameterError


def met(name, value, bar):
    return gate.judge({name: (value, bar)})[0].met


def test_speed_has_to_reach_half_its_bar():
    assert met("ratio", 12.5, ">= 25")
    assert not met("ratio", 12.4, ">= 25")
    assert met("seconds", 24.0, "<= 12")
    assert not met("seconds", 24.1, "<= 12")


def test_errors_have_to_meet_the_whole_bar():
    assert met("64x64: error float64", 1e-11, "<= 1e-11")
    assert not met("64x64: error float64", 1.1e-11, "<= 1e-11")


def test_figures_without_a_bar_are_not_judged():
    assert gate.judge({"time [ms]": (3.0, "")}) == []
    with pytest.raises(ParameterError, match="write >= or <="):
        gate.judge({"ratio": (1.0, "about 3")})


def test_a_peer_environment_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XBARSIM_PEERS", str(tmp_path))
    with pytest.raises(ParameterError, match="has no bin/python"):
        peer_environment.peer_python()


def test_a_peer_that_fails_is_an_error_with_its_last_words():
    python = Path(sys.executable)
    assert peer_environment.run_peer(python, "print('{\"seconds\": 2}')") == {"seconds": 2}
    with pytest.raises(ParameterError, match="ValueError: too big"):
        peer_environment.run_peer(python, "raise ValueError('too big')")
