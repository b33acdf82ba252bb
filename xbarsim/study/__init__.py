"""Studies: networks on many chips, and what it does to their accuracy."""

from xbarsim.study.accuracy import AccuracyRow as AccuracyRow
from xbarsim.study.accuracy import Candidate as Candidate
from xbarsim.study.accuracy import measure as measure
