"""Inference over time-steps: encoders, the simulation loop, and the trace that it leaves."""

from xbarsim.inference.encode import Encoder as Encoder
from xbarsim.inference.encode import encode as encode
from xbarsim.inference.encode import encode_poisson as encode_poisson
from xbarsim.inference.errors import ErrorTrace as ErrorTrace
from xbarsim.inference.errors import layer_errors as layer_errors
from xbarsim.inference.growth import GrowthLaw as GrowthLaw
from xbarsim.inference.growth import growth_law as growth_law
from xbarsim.inference.simulate import classify as classify
from xbarsim.inference.simulate import simulate as simulate
from xbarsim.inference.trace import InferenceTrace as InferenceTrace
