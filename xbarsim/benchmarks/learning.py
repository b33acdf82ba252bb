"""This module is the benchmark of spiking inference and training against snnTorch and SpikingJelly.

Same network, weights and input in one run, once with many spikes and once with as few as trained
networks have.
"""

from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from xbarsim.benchmarks.example import NEURON, example, sparse_example
from xbarsim.benchmarks.frameworks import Forward, fired, in_snntorch, in_spikingjelly
from xbarsim.benchmarks.memory import peak_growth
from xbarsim.benchmarks.share import share_in_primitives
from xbarsim.benchmarks.timing import interleaved
from xbarsim.data import Dataset
from xbarsim.inference import encode_poisson, simulate
from xbarsim.learning import Recipe, TrainingRun, keep_freed_memory
from xbarsim.network import for_inference, run_counting, unroll

Figures = dict[str, tuple[float, str]]
Example = Callable[[str, int], tuple[nn.Sequential, Tensor]]
_PEERS = {"snnTorch": in_snntorch, "SpikingJelly": in_spikingjelly}


def bench_learning(*, quick: bool) -> Figures:
    """Compare inference of VGG9 at T 20, batch 32, and a training step of VGG5 at T 10, batch 50."""
    # As xbarsim train does; it serves every framework.
    keep_freed_memory()
    return {
        **_inference(quick=quick),
        **_sparse_inference(quick=quick),
        **_training(quick=quick),
    }


def inference_tasks(
    batch: int, steps: int, make_example: Example = example
) -> dict[str, Callable[[], object]]:
    """Return the same inference in every framework."""
    network, images = make_example("vgg9-cifar10", batch)
    inputs = images.expand(steps, *images.shape).contiguous()
    tasks: dict[str, Callable[[], object]] = {"xbarsim": lambda: simulate(network, images, steps)}
    for name, make in _PEERS.items():
        layers, run = make(network)
        tasks[name] = _without_gradients(layers.eval(), run, inputs)
    layers, run = in_snntorch(network)
    layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    tasks["snnTorch, channels last"] = _without_gradients(layers.eval(), run, inputs)
    return tasks


def _without_gradients(_: nn.Module, run: Forward, inputs: Tensor) -> Callable[[], object]:
    return torch.inference_mode()(lambda: run(inputs))


def _inference(*, quick: bool) -> Figures:
    batch, steps = (4, 3) if quick else (32, 20)
    what = f"VGG9, T {steps}, batch {batch}"
    tasks = inference_tasks(batch, steps)
    seconds = interleaved(tasks, 1 if quick else 5)
    ours = seconds.pop("xbarsim")
    figures: Figures = {f"{what} [images/s]": (batch / ours, "")}
    bars = {"snnTorch": ">= 1.3", "SpikingJelly": ">= 1"}
    for name, theirs in seconds.items():
        figures[f"{what}: time of {name} / ours"] = (theirs / ours, bars.get(name, ""))
    # What allocators keep moves from process to process.
    times = 1 if quick else 3
    peaks = {
        name: median(peak_growth(name, batch, steps) for _ in range(times))
        for name in ("xbarsim", *_PEERS)
    }
    for name in _PEERS:
        ratio = peaks["xbarsim"] / peaks[name]
        figures[f"{what}: peak memory, ours / {name}"] = (ratio, "<= 1")
    share = share_in_primitives(tasks["xbarsim"])
    figures[f"{what}: share of time in convolutions and products"] = (share, ">= 0.85")
    network, images = example("vgg9-cifar10", 4)
    return {**figures, **_agreement("VGG9", network, images, steps)}


def _sparse_inference(*, quick: bool) -> Figures:
    """Compare inference where as few neurons spike as in trained networks."""
    batch, steps = (4, 3) if quick else (32, 20)
    what = f"VGG9, T {steps}, batch {batch}, few spikes"
    tasks = inference_tasks(batch, steps, sparse_example)
    seconds = interleaved(tasks, 1 if quick else 5)
    ours = seconds.pop("xbarsim")
    figures: Figures = {f"{what} [images/s]": (batch / ours, "")}
    for name, theirs in seconds.items():
        figures[f"{what}: time of {name} / ours"] = (theirs / ours, "")
    share = share_in_primitives(tasks["xbarsim"])
    figures[f"{what}: share of time in convolutions and products"] = (share, "")
    network, images = sparse_example("vgg9-cifar10", 4)
    return {**figures, **_agreement("VGG9, few spikes", network, images, steps)}


def _agreement(what: str, network: nn.Sequential, images: Tensor, steps: int) -> Figures:
    """Count the spikes that every framework puts where we do."""
    inputs = images.expand(steps, *images.shape)
    with torch.inference_mode():
        _, _, ours = unroll(network, inputs)
        _, _, counted = run_counting(for_inference(network), inputs)
    total = sum(spikes.numel() for spikes in ours)
    figures: Figures = {}
    means = [float(spikes.sum()) / spikes[0, 0].numel() for spikes in ours]
    figures[f"{what}, T {steps}: largest difference of the fast form's spike rates"] = (
        float(np.abs(counted.sum(axis=1) - means).max()),
        "<= 1e-9",
    )
    for name, make in _PEERS.items():
        theirs = fired(*make(network), inputs)
        same = sum(int((a == b).sum()) for a, b in zip(ours, theirs, strict=True))
        figures[f"{what}, T {steps}: share of spikes equal to {name}'s"] = (same / total, ">= 1")
    rate = sum(float(spikes.sum()) for spikes in ours) / total
    figures[f"{what}, T {steps}: mean spikes per neuron and step"] = (rate, "")
    return figures


def _training(*, quick: bool) -> Figures:
    batch, steps = (4, 3) if quick else (50, 10)
    what = f"VGG5, T {steps}, batch {batch}, training step"
    network, images = example("vgg5-mnist", batch)
    labels = torch.arange(batch) % 10
    recipe = Recipe(
        name="bench", dataset="noise", network="vgg5-mnist", method="surrogate", epochs=1000,
        batch=batch, steps=steps, neuron=NEURON,
    )  # fmt: skip
    run = TrainingRun(recipe, Dataset("noise", images, labels, images, labels, {}))
    tasks: dict[str, Callable[[], object]] = {"xbarsim": run.advance}
    for name, make in _PEERS.items():
        tasks[name] = _training_step(*make(network), images, labels, steps)
    seconds = interleaved(tasks, 1 if quick else 5)
    ours = seconds.pop("xbarsim")
    share = share_in_primitives(run.advance)
    return {
        f"{what} [images/s]": (batch / ours, ""),
        f"{what}: time of snnTorch / ours": (seconds["snnTorch"] / ours, ">= 1.3"),
        f"{what}: time of SpikingJelly / ours": (seconds["SpikingJelly"] / ours, ""),
        f"{what}: share of time in convolutions and products": (share, ">= 0.85"),
        **_agreement("VGG5", network, images[:4], steps),
    }


def _training_step(
    layers: nn.ModuleList, run: Forward, images: Tensor, labels: Tensor, steps: int
) -> Callable[[], object]:
    layers.train()
    optimiser = torch.optim.Adam(layers.parameters(), lr=1e-4)
    stream = torch.Generator().manual_seed(0)

    def step() -> None:
        optimiser.zero_grad()
        logits = run(encode_poisson(images, steps, stream))
        nn.functional.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step
