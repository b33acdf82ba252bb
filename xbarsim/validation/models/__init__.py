"""The candidates: fast models behind one protocol, to be fitted, and judged by ngspice."""

from xbarsim.validation.models.catalogue import chosen_models as chosen_models
from xbarsim.validation.models.catalogue import known_models as known_models
from xbarsim.validation.models.protocol import Model as Model
from xbarsim.validation.models.protocol import Sample as Sample
from xbarsim.validation.models.protocol import Standing as Standing
