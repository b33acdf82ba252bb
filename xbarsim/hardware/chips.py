"""This module is many chips of one network, made here, in processes, or by Dask workers."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from torch import nn

from xbarsim.campaign.executors import place_of_work
from xbarsim.hardware.crossbar_network import to_crossbar
from xbarsim.parameters import CrossbarParams, DeviceParams


def to_chips(
    network: nn.Module,
    crossbar: CrossbarParams,
    device: DeviceParams,
    chips: Sequence[int],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    on_chip: Callable[[int], None] | None = None,
    **options: Any,  # noqa: ANN401
) -> Iterator[nn.Module]:
    """Yield the network on one chip after the other, in the order of ``chips``.

    Every chip is the one that ``to_crossbar`` makes of its number, wherever it is made; no more than
    a few are in memory at a time.

    Args:
        network: Any network that ``to_crossbar`` takes.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        chips: Numbers of the chips.
        workers: Processes on this machine; each uses all cores, so more than one seldom pays.
        scheduler: Address of a Dask scheduler (``tcp://host:8786``) whose workers make the chips.
        on_chip: Called with 1 after every chip.
        options: Further arguments of ``to_crossbar``.
    """
    with place_of_work(workers, scheduler) as place:
        waiting: deque[Future[nn.Module]] = deque()
        for number in chips:
            waiting.append(
                place.executor.submit(
                    to_crossbar, network, crossbar, device, chip=number, **options
                )
            )
            if len(waiting) >= place.in_flight:
                yield _next(waiting, on_chip)
        while waiting:
            yield _next(waiting, on_chip)


def _next(waiting: "deque[Future[nn.Module]]", on_chip: Callable[[int], None] | None) -> nn.Module:
    made = waiting.popleft().result()
    if on_chip is not None:
        on_chip(1)
    return made
