"""The fast models: what the array computes, at the speed of arithmetic, checked against references."""

from xbarsim.fast.activity import ActivityModel as ActivityModel
from xbarsim.fast.activity import fit_activity as fit_activity
from xbarsim.fast.activity import fit_activity_currents as fit_activity_currents
from xbarsim.fast.adjoint import column_currents as column_currents
from xbarsim.fast.closed_form import closed_form_conductance as closed_form_conductance
from xbarsim.fast.effective import effective_conductance as effective_conductance
from xbarsim.fast.ideal import ideal_currents as ideal_currents
from xbarsim.fast.inside import ArraySolution as ArraySolution
from xbarsim.fast.inside import solve_array as solve_array
from xbarsim.fast.laws import CellLaw as CellLaw
from xbarsim.fast.laws import PolynomialLaw as PolynomialLaw
from xbarsim.fast.laws import SelectorLaw as SelectorLaw
from xbarsim.fast.laws import SeriesLaw as SeriesLaw
from xbarsim.fast.laws import SinhLaw as SinhLaw
from xbarsim.fast.laws import TableLaw as TableLaw
from xbarsim.fast.laws import TransistorLaw as TransistorLaw
from xbarsim.fast.laws import cell_law as cell_law
from xbarsim.fast.noise import ReadNoise as ReadNoise
from xbarsim.fast.noise import prepare_read_noise as prepare_read_noise
from xbarsim.fast.noise import read_noise_deviation as read_noise_deviation
from xbarsim.fast.nonlinear import NonlinearSolution as NonlinearSolution
from xbarsim.fast.nonlinear import nonlinear_currents as nonlinear_currents
from xbarsim.fast.nonlinear_static import NonlinearStatic as NonlinearStatic
from xbarsim.fast.nonlinear_static import fit_nonlinear_activity as fit_nonlinear_activity
from xbarsim.fast.nonlinear_static import fit_nonlinear_static as fit_nonlinear_static
from xbarsim.fast.patterns import pattern_currents as pattern_currents
