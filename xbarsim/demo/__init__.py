"""The main job: from device parameters through ngspice to the accuracy of a spiking network."""

from xbarsim.demo.job import DemoResult as DemoResult
from xbarsim.demo.job import DemoSettings as DemoSettings
from xbarsim.demo.job import run_demo as run_demo
