"""Calibration: parameters with uncertainties from column currents, or from I-V curves of cells."""

from xbarsim.calibration.cells import CellCalibration as CellCalibration
from xbarsim.calibration.cells import calibrate_cells as calibrate_cells
from xbarsim.calibration.curves import CurveCalibration as CurveCalibration
from xbarsim.calibration.curves import calibrate_curves as calibrate_curves
from xbarsim.calibration.fit import Calibration as Calibration
from xbarsim.calibration.fit import Estimate as Estimate
from xbarsim.calibration.fit import calibrate as calibrate
from xbarsim.calibration.measurements import Curves as Curves
from xbarsim.calibration.measurements import Measurements as Measurements
from xbarsim.calibration.measurements import holds_curves as holds_curves
from xbarsim.calibration.measurements import read_curves as read_curves
from xbarsim.calibration.measurements import read_measurements as read_measurements
