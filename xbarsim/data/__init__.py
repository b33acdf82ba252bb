"""Real images to train and test on."""

from xbarsim.data.dataset import Dataset as Dataset
from xbarsim.data.load import load_dataset as load_dataset
