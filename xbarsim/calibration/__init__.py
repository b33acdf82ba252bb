"""Calibration: parameters with uncertainties from measured column currents."""

from xbarsim.calibration.fit import Calibration as Calibration
from xbarsim.calibration.fit import Estimate as Estimate
from xbarsim.calibration.fit import calibrate as calibrate
from xbarsim.calibration.measurements import Measurements as Measurements
from xbarsim.calibration.measurements import read_measurements as read_measurements
