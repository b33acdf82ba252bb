"""This module is all answers about one design: asked in turn, kept as one value."""

from collections.abc import Callable
from dataclasses import dataclass

from xbarsim.design.array import ArrayDesign
from xbarsim.design.assumptions import ASSUMPTIONS, Assumption, check_assumptions
from xbarsim.design.contours import ErrorMap, error_maps, map_steps
from xbarsim.design.errors import Measure
from xbarsim.design.frontier import ErrorCurve, Frontier, find_frontier
from xbarsim.design.power import ENERGIES, ReadEnergy, read_energies
from xbarsim.design.quantities import quantities
from xbarsim.design.resistances import RESISTANCES, ResistanceCosts, resistance_costs
from xbarsim.design.sample import Sample, draw_sample
from xbarsim.design.settling import Settling, settling_sizes, settling_time
from xbarsim.design.spot import Deck, SpotCheck, spot_check

MEASURES: tuple[Measure, ...] = ("raw", "gain")
_SEARCH = 10


@dataclass(frozen=True)
class Limit:
    """A frontier and ngspice's word on it; none where there is no limit."""

    frontier: Frontier
    spot: SpotCheck | None


@dataclass(frozen=True)
class DesignAnswers:
    """What a designer asked about an array.

    Attributes:
        design: The array.
        budget: Largest error allowed, of full scale. [1]
        arrays: Random arrays that were tried at every point.
        vectors: Inputs of each.
        costs: Which resistance costs most.
        limits: How far each quantity may go.
        maps: Errors around the design.
        assumptions: Which assumptions hold.
        settling: Step response by tile size; empty without capacitance.
        energies: Where the energy goes.
    """

    design: ArrayDesign
    budget: float
    arrays: int
    vectors: int
    costs: ResistanceCosts
    limits: tuple[Limit, ...]
    maps: tuple[ErrorMap, ...]
    assumptions: tuple[Assumption, ...]
    settling: tuple[Settling, ...]
    energies: tuple[ReadEnergy, ...]

    @property
    def decks(self) -> tuple[Deck, ...]:
        """Every circuit that the answers rest on."""
        spots = [limit.spot.deck for limit in self.limits if limit.spot is not None]
        shown = [a.deck for a in self.assumptions if a.deck is not None]
        return (*spots, *shown, *(s.deck for s in self.settling))


def answer(
    design: ArrayDesign,
    budget: float,
    *,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
) -> DesignAnswers:
    """Ask everything about a design.

    Args:
        design: The array.
        budget: Largest error of a column that is allowed, as a share of full scale. [1]
        seed: Seed of cells and inputs.
        on_step: Called with what was just done; ``count_steps`` says how often, about.

    Raises:
        ParameterError: If the budget is no share, or the cells' law is unknown.
        SpiceError: If ngspice is missing, fails, or leaves a doubtful answer.
        SolveError: If a model does not reach its accuracy, or energy is not conserved.
    """
    sample = draw_sample(design, seed)
    limits = _limits(design, budget, sample, on_step)
    costs = resistance_costs(design, sample, on_step)
    energies = read_energies(design, sample, on_step)
    assumptions = check_assumptions(design, sample, budget, on_step)
    settling = []
    for size in _settling_sizes(design):
        settling.append(settling_time(design, sample, size, budget))
        on_step("settling")
    maps = error_maps(design, sample, on_step)
    vectors = len(sample.dense) + len(sample.chance)
    return DesignAnswers(
        design, budget, sample.arrays, vectors, costs, limits, maps, assumptions,
        tuple(settling), energies,
    )  # fmt: skip


def count_steps(design: ArrayDesign) -> int:
    """Return about how many steps ``answer`` reports; searches take more or fewer."""
    searches = len(quantities(design)) * len(MEASURES) * (_SEARCH + 1)
    rest = len(RESISTANCES) + 1 + ENERGIES + ASSUMPTIONS + len(_settling_sizes(design))
    return searches + rest + map_steps(design)


def _limits(
    design: ArrayDesign, budget: float, sample: Sample, on_step: Callable[[str], None]
) -> tuple[Limit, ...]:
    found = []
    for quantity in quantities(design):
        curve = ErrorCurve(quantity, sample)
        for measure in MEASURES:
            frontier = find_frontier(curve, measure, budget, on_step)
            spot = None
            if frontier.value is not None:
                spot = spot_check(
                    quantity.apply(frontier.value), sample, measure,
                    f"limit-{quantity.name}-{measure}", of_signal=quantity.of_signal,
                )  # fmt: skip
            found.append(Limit(frontier, spot))
            on_step(f"ngspice at the limit of {quantity.name}")
    return tuple(found)


def _settling_sizes(design: ArrayDesign) -> list[tuple[int, int]]:
    pulse = design.transient
    charged = pulse.c_wire_row + pulse.c_wire_col + pulse.c_cell > 0
    return settling_sizes(design) if charged else []
