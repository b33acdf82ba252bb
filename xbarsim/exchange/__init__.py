"""Other people's networks: snnTorch, SpikingJelly, Norse, NIR files in and out, ONNX in."""

from xbarsim.exchange.dispatch import as_network as as_network
from xbarsim.exchange.neuron import GeneralLIF as GeneralLIF
from xbarsim.exchange.nir_read import from_nir as from_nir
from xbarsim.exchange.nir_write import to_nir as to_nir
from xbarsim.exchange.nir_write import write_nir as write_nir
from xbarsim.exchange.norse import from_norse as from_norse
from xbarsim.exchange.onnx_read import from_onnx as from_onnx
from xbarsim.exchange.snntorch import from_snntorch as from_snntorch
from xbarsim.exchange.spikingjelly import from_spikingjelly as from_spikingjelly
from xbarsim.exchange.synaptic import SynapticLIF as SynapticLIF
