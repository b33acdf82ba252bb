"""This module is whether a run is worth starting: array sizes that an old ngspice cannot do in time."""

import warnings

from xbarsim.errors import SpiceError
from xbarsim.parameters import CrossbarParams
from xbarsim.spice.ngspice import NgspiceInfo

_SLOW_CELLS = 64 * 64
_HOPELESS_CELLS = 128 * 128


def refuse_hopeless(crossbar: CrossbarParams, info: NgspiceInfo, *, force: bool) -> None:
    """Warn at 64x64 cells, and refuse 128x128 unless forced, where ngspice has no KLU solver.

    There one operating point of 128x128 takes minutes, with growth beyond the sixth power of the
    side.

    Raises:
        SpiceError: If the array is hopeless and ``force`` is not set.
    """
    cells = crossbar.rows * crossbar.cols
    if info.klu or cells < _SLOW_CELLS:
        return
    hopeless = cells >= _HOPELESS_CELLS
    msg = (
        f"{crossbar.rows}x{crossbar.cols} {'needs minutes to hours' if hopeless else 'is slow'} in "
        f"{info.solver}; install ngspice >= 42 with KLU (Debian 12: apt-get install -t "
        "bookworm-backports ngspice)"
    )
    if hopeless and not force:
        msg += ", or force it"
        raise SpiceError(msg)
    warnings.warn(msg, RuntimeWarning, stacklevel=4)
