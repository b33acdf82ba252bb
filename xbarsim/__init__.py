"""xbarsim: from memristive device parameters to the accuracy of a whole spiking network.

Names are looked up when first used, so that importing the package loads neither torch nor PySpice.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xbarsim.data import load_dataset as load_dataset
    from xbarsim.errors import OutOfValidatedRangeError as OutOfValidatedRangeError
    from xbarsim.errors import ParameterError as ParameterError
    from xbarsim.errors import SpiceError as SpiceError
    from xbarsim.errors import XbarsimError as XbarsimError
    from xbarsim.exchange import as_network as as_network
    from xbarsim.exchange import from_nir as from_nir
    from xbarsim.exchange import from_norse as from_norse
    from xbarsim.exchange import from_onnx as from_onnx
    from xbarsim.exchange import from_snntorch as from_snntorch
    from xbarsim.exchange import from_spikingjelly as from_spikingjelly
    from xbarsim.exchange import to_nir as to_nir
    from xbarsim.exchange import write_nir as write_nir
    from xbarsim.fast import effective_conductance as effective_conductance
    from xbarsim.hardware import to_crossbar as to_crossbar
    from xbarsim.inference import InferenceTrace as InferenceTrace
    from xbarsim.inference import simulate as simulate
    from xbarsim.parameters import CrossbarParams as CrossbarParams
    from xbarsim.parameters import DeviceParams as DeviceParams
    from xbarsim.parameters import load_crossbar as load_crossbar
    from xbarsim.parameters import load_device as load_device
    from xbarsim.reference import ReferenceCurrents as ReferenceCurrents
    from xbarsim.report import write_simulation_report as write_simulation_report
    from xbarsim.spice import spice_currents as spice_currents
    from xbarsim.validation import ValidationCase as ValidationCase
    from xbarsim.validation import ValidationRecord as ValidationRecord
    from xbarsim.validation import validate as validate

__version__ = "0.1.0"

_HOME = {
    "CrossbarParams": "parameters",
    "DeviceParams": "parameters",
    "InferenceTrace": "inference",
    "OutOfValidatedRangeError": "errors",
    "ParameterError": "errors",
    "ReferenceCurrents": "reference",
    "SpiceError": "errors",
    "ValidationCase": "validation",
    "ValidationRecord": "validation",
    "XbarsimError": "errors",
    "as_network": "exchange",
    "effective_conductance": "fast",
    "from_nir": "exchange",
    "from_norse": "exchange",
    "from_onnx": "exchange",
    "from_snntorch": "exchange",
    "from_spikingjelly": "exchange",
    "load_crossbar": "parameters",
    "load_dataset": "data",
    "load_device": "parameters",
    "simulate": "inference",
    "spice_currents": "spice",
    "to_crossbar": "hardware",
    "to_nir": "exchange",
    "validate": "validation",
    "write_nir": "exchange",
    "write_simulation_report": "report",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _HOME:
        return getattr(import_module(f"xbarsim.{_HOME[name]}"), name)
    msg = f"module 'xbarsim' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
