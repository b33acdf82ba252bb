"""Evidence: cases, the models and how they are judged, and the record that licenses them."""

from xbarsim.validation.case import ValidationCase as ValidationCase
from xbarsim.validation.drift import drift as drift
from xbarsim.validation.envelope import Envelope as Envelope
from xbarsim.validation.find import FoundRecord as FoundRecord
from xbarsim.validation.find import find_record as find_record
from xbarsim.validation.find import validate_command as validate_command
from xbarsim.validation.load import load_case as load_case
from xbarsim.validation.record import ValidationRecord as ValidationRecord
from xbarsim.validation.record import load_record as load_record
from xbarsim.validation.run import validate as validate
