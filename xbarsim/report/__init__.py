"""Reports: figures from data, and one self-contained HTML file."""

from xbarsim.report.html import write_report as write_report
from xbarsim.report.simulation import write_simulation_report as write_simulation_report
