"""Studies: networks on many chips, and what it does to their accuracy."""

from xbarsim.study.accuracy import AccuracyRow as AccuracyRow
from xbarsim.study.accuracy import Candidate as Candidate
from xbarsim.study.accuracy import measure as measure
from xbarsim.study.condition import Condition as Condition
from xbarsim.study.plans import Study as Study
from xbarsim.study.plans import studies as studies
from xbarsim.study.rows import StudyRow as StudyRow
from xbarsim.study.rows import study_rows as study_rows
from xbarsim.study.run import StudyPlan as StudyPlan
from xbarsim.study.run import run_study as run_study
from xbarsim.study.store import Measured as Measured
from xbarsim.study.store import StudyStore as StudyStore
from xbarsim.study.tables import TableLine as TableLine
from xbarsim.study.tables import as_csv as as_csv
from xbarsim.study.tables import as_markdown as as_markdown
from xbarsim.study.tables import table_lines as table_lines
