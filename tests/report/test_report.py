"""The report as a file: verdict first, nothing from outside, every figure with its data."""

import base64
import csv
import io
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from xbarsim.report.advice import _joined, advice, hundredths
from xbarsim.report.drop import cell_drop, drop_slides
from xbarsim.report.html import _decks, _slides
from xbarsim.spice import run_deck
from xbarsim.validation.decks import worst_circuit
from xbarsim.validation.models import known_models

pytestmark = pytest.mark.spice


def downloads(html, kind):
    found = re.findall(
        rf'download="([^"]+\.{kind})" href="data:[^;"]+(?:;[^;"]+)?;base64,([^"]+)"', html
    )
    return {name: base64.b64decode(text) for name, text in found}


@pytest.fixture(scope="module")
def html(page):
    return page.read_text()


def test_the_verdict_comes_first_then_the_envelope(html):
    places = [html.index(text) for text in (
        "Passed.", "Trust the nonlinear", "Where this holds", "The models", "Worst case",
        "Error against size", "Provenance",
    )]  # fmt: skip
    assert places == sorted(places)


def test_nothing_is_loaded_from_outside(html):
    urls = set(re.findall(r'(?:src|href|xlink:href)="([^"#]{1,12})', html))
    assert all(url.startswith("data:") for url in urls)
    assert "@import" not in html
    assert "url(http" not in html


def test_names_are_escaped_everywhere(html):
    assert "<script>window" not in html
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_every_figure_comes_as_svg_png_and_csv(html):
    svg, png, table = (downloads(html, kind) for kind in ("svg", "png", "csv"))
    names = {name.rsplit(".", 1)[0] for name in svg}
    assert len(names) == 5 + 4
    for group in (png, table):
        assert {name.rsplit(".", 1)[0] for name in group} == names
    for content in svg.values():
        assert ET.fromstring(content).tag.endswith("svg")
    assert all(content.startswith(b"\x89PNG") for content in png.values())
    for content in table.values():
        rows = list(csv.reader(io.StringIO(content.decode())))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1


def test_the_data_of_a_figure_are_the_records(html, record):
    rows = csv.DictReader(io.StringIO(downloads(html, "csv")["error-against-size.csv"].decode()))
    found = {(r["model"], r["size"]): float(r["max error [1]"]) for r in rows}
    for model in record.models:
        for part in model.slices:
            if part.kind == "size":
                assert found[model.name, part.label] == part.max_error


def test_the_worst_deck_runs_in_ngspice_and_gives_the_reference(html, record):
    decks = downloads(html, "cir")
    assert decks
    circuit = worst_circuit(record)
    deck = decks[f"{circuit.name}-input-{record.primary.worst.vector}.cir"].decode()
    vectors = run_deck(deck)
    v = circuit.v_row[record.primary.worst.vector]
    i_col = [
        vectors[f"v(bl_{circuit.crossbar.rows - 1}_{j})"][0] / circuit.crossbar.r_sense
        for j in range(circuit.crossbar.cols)
    ]
    (model,) = (m for m in known_models() if m.name == "nonlinear")
    np.testing.assert_allclose(i_col, model.predict(circuit, v[None])[0], rtol=1e-6)


def test_the_ir_drop_is_what_the_cells_lose(record):
    circuit = worst_circuit(record)
    k = int(np.argmax(circuit.densities))
    drop = cell_drop(circuit, k)
    assert drop.shape == circuit.crossbar.shape
    driven = circuit.v_row[k] != 0
    assert np.isnan(drop[~driven]).all()
    # With every row driven, the far corner from driver and sense loses more than the near one.
    assert np.nanmin(drop) > 0
    assert len(drop_slides(record).pictures) == 4


def test_the_advice_names_trust_error_and_fit(record):
    lines = advice(record)
    assert lines[0].startswith("Trust the nonlinear model")
    assert any("Do not trust the exact model of linear cells" in line for line in lines)
    assert any(re.search(r"Fitted on 4 other circuits: scale 1\.\d+", line) for line in lines)
    assert "after one gain a column" in lines[-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0918, "9.2"), (1e-12, "1.0e-10"), (0.0, "0"), (7.2, "720"), (-0.01, "-1")],
)
def test_shares_are_written_in_percent(value, text):
    assert hundredths(value) == text


def test_circuits_given_by_hand_leave_a_report_without_map_and_deck(record):
    worst = record.primary.worst.replace(name="by hand")
    model = record.primary.replace(worst=worst)
    others = tuple(m for m in record.models if m.name != model.name)
    given = record.replace(models=(model, *others))
    slides, why = _slides(given)
    assert slides is None
    assert "draws no circuit called 'by hand'" in why
    first, *rest = _decks(given)
    assert (first.circuit, first.uri, first.why_not) == ("by hand", "", why)
    assert all(deck.uri and not deck.why_not for deck in rest)


def test_neighbouring_ranges_are_joined():
    labels = ["0 to 0.02", "0.02 to 0.05", "0.1 to 0.2", "16x16", "32x32"]
    assert _joined(labels) == ["0 to 0.05", "0.1 to 0.2", "16x16", "32x32"]
