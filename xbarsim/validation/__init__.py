"""Evidence: cases, the metrics that judge a model, and the record that licenses it."""

from xbarsim.validation.case import ValidationCase as ValidationCase
from xbarsim.validation.case import load_case as load_case
from xbarsim.validation.record import Envelope as Envelope
from xbarsim.validation.record import ValidationRecord as ValidationRecord
from xbarsim.validation.record import load_record as load_record
from xbarsim.validation.run import validate as validate
