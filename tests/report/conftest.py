"""A record with every kind of model, and the report of it with names that try to break out."""

import pytest

from xbarsim.parameters import SinhCell, TopologyParams
from xbarsim.report.html import Report, write_report
from xbarsim.validation import ValidationCase, validate

EVIL = (
    "</script><script>window.injected=1</script><img src=x onerror='window.injected=2'>\"'$\\frac"
)


@pytest.fixture(scope="session")
def record():
    return validate(
        ValidationCase(
            name="small", changes={"v_read": 0.3}, topology=TopologyParams(silent="gated"),
            cell=SinhCell(), sizes=((6, 4), (9, 12)), circuits=2, vectors=4, densities=(0.3, 0.6),
        )
    )  # fmt: skip


@pytest.fixture(scope="session")
def evil(record):
    """The record with user-supplied names that hold markup and quotes."""
    device = record.setting.device.replace(name=EVIL, source=EVIL)
    return record.replace(
        case=EVIL,
        question=record.question.replace(name=EVIL),
        setting=record.setting.replace(device=device),
        circuits=(record.circuits[0].replace(name=EVIL), *record.circuits[1:]),
    )


@pytest.fixture(scope="session")
def page(evil, tmp_path_factory):
    report = Report(
        title=f"Validation of {EVIL}", record=evil, facts={EVIL: EVIL}, notes=[EVIL]
    )  # fmt: skip
    return write_report(report, tmp_path_factory.mktemp("report") / "report.html")
