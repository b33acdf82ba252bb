"""Learning: training by back-propagation and surrogate gradient, and conversion to spikes."""

from xbarsim.learning.allocator import keep_freed_memory as keep_freed_memory
from xbarsim.learning.convert import convert as convert
from xbarsim.learning.convert import search_thresholds as search_thresholds
from xbarsim.learning.measure import measure_accuracy as measure_accuracy
from xbarsim.learning.measure import measure_trace as measure_trace
from xbarsim.learning.recipe import Recipe as Recipe
from xbarsim.learning.recipe import load_recipe as load_recipe
from xbarsim.learning.recipe import recipe_names as recipe_names
from xbarsim.learning.resume import Progress as Progress
from xbarsim.learning.resume import continue_run as continue_run
from xbarsim.learning.resume import log_result as log_result
from xbarsim.learning.run import TrainingRun as TrainingRun
from xbarsim.learning.run import Update as Update
from xbarsim.learning.software import software_results as software_results
from xbarsim.learning.start import starting_weights as starting_weights
from xbarsim.learning.store import load_metrics as load_metrics
from xbarsim.learning.store import load_network as load_network
from xbarsim.learning.store import round_weights as round_weights
from xbarsim.learning.store import save_network as save_network
from xbarsim.learning.store import trained as trained
from xbarsim.learning.train import train as train
