"""Networks: their specification, their layers, their neurons, and how they run over time-steps."""

from xbarsim.network.bntt import BatchNormThroughTime as BatchNormThroughTime
from xbarsim.network.build import build_network as build_network
from xbarsim.network.chain import as_sequential as as_sequential
from xbarsim.network.fold import fold_batch_norm as fold_batch_norm
from xbarsim.network.inference import for_inference as for_inference
from xbarsim.network.inference import run_counting as run_counting
from xbarsim.network.neuron import LIF as LIF
from xbarsim.network.neuron import lif_step as lif_step
from xbarsim.network.params import NeuronParams as NeuronParams
from xbarsim.network.perstep import PerStepLayer as PerStepLayer
from xbarsim.network.pool import pool_before_threshold as pool_before_threshold
from xbarsim.network.recompute import run_recomputing as run_recomputing
from xbarsim.network.spec import NetworkSpec as NetworkSpec
from xbarsim.network.spec import network_spec as network_spec
from xbarsim.network.unroll import State as State
from xbarsim.network.unroll import leaves as leaves
from xbarsim.network.unroll import stateless as stateless
from xbarsim.network.unroll import unroll as unroll
