"""Files of other tools: matrices, SPICE raw files, decks in other dialects, tables, JSON Schema."""

from xbarsim.interop.dialect import DIALECTS as DIALECTS
from xbarsim.interop.dialect import to_dialect as to_dialect
from xbarsim.interop.matrices import read_matrix as read_matrix
from xbarsim.interop.matrices import write_matrix as write_matrix
from xbarsim.interop.rawfile import read_raw_file as read_raw_file
from xbarsim.interop.schema import SCHEMAS as SCHEMAS
from xbarsim.interop.schema import file_schema as file_schema
from xbarsim.interop.tables import write_table as write_table
