"""The report in a real headless browser: no errors, nothing clipped at 400 and 1400 px, it works."""

import html as html_text
import json
import os
import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.spice

WIDTHS = (400, 1400)
NAMES = (
    os.environ.get("XBARSIM_BROWSER", ""), "chromium", "chromium-browser", "google-chrome",
    "google-chrome-stable", "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip

# Frames of a given width: a headless window cannot be as narrow as a telephone.
HARNESS = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
{frames}<pre id="result"></pre><script>
const clipped = (frame) => {{
  const doc = frame.contentDocument, width = doc.documentElement.clientWidth, found = [];
  if (doc.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {{
    const node = walker.currentNode, parent = node.parentElement;
    const skipped = parent.closest("script, style, .scroll, [hidden], details");
    if (!node.textContent.trim() || skipped) continue;
    const range = doc.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const edge = parent.closest("svg")?.getBoundingClientRect() ?? {{ left: 0, right: width }};
    if (box.left < edge.left - 1 || box.right > edge.right + 1)
      found.push(node.textContent.trim().slice(0, 60));
    const svg = parent.closest("svg");
    if (svg && (box.top < edge.top - 1 || box.bottom > edge.bottom + 1))
      found.push("above or below: " + node.textContent.trim().slice(0, 60));
  }}
  for (const box of doc.querySelectorAll(".scroll"))
    if (!["auto", "scroll"].includes(getComputedStyle(box).overflowX)) found.push("a table is cut");
    else if (width > 1000 && box.scrollWidth > box.clientWidth + 1) found.push(
      `a table scrolls: ${{box.scrollWidth}} > ${{box.clientWidth}}: ${{box.innerText.slice(0, 40)}}`);
  return found;
}};
const works = (frame) => {{
  const doc = frame.contentDocument, table = doc.querySelector("table.sortable");
  const column = () => [...table.tBodies[0].rows]
    .map((row) => Number(row.cells[2].dataset.value ?? NaN)).filter((value) => !isNaN(value));
  const button = table.tHead.rows[0].cells[2].querySelector("button");
  button.click();
  const up = column();
  button.click();
  const down = column();
  const input = doc.querySelector(".slideshow input"), shown = () =>
    [...doc.querySelectorAll(".slide")].flatMap((slide, k) => slide.hidden ? [] : [k]);
  const first = shown();
  input.value = input.max;
  input.dispatchEvent(new Event("input"));
  return {{ up, down, first, last: shown(), slides: Number(input.max),
    label: doc.querySelector("output").textContent }};
}};
window.addEventListener("load", () => {{
  const frames = [...document.querySelectorAll("iframe")];
  const result = frames.map((frame) => {{
    const found = {{ clipped: clipped(frame), works: works(frame),
      injected: frame.contentWindow.injected ?? null }};
    const wide = frame.contentDocument.createElement("p");
    wide.style.cssText = "width: 3000px; text-align: right";
    wide.textContent = "far away";
    frame.contentDocument.body.append(wide);
    return {{ ...found, noticed: clipped(frame) }};
  }});
  document.getElementById("result").textContent = JSON.stringify(result);
}});
</script>"""


def browser():
    found = next((path for name in NAMES if name and (path := shutil.which(name))), None)
    assert found, "no browser for this test: run `make browser`, or set XBARSIM_BROWSER"
    return found


def dump(path, folder, *options):
    """Return the page's DOM after its scripts ran, and the browser's console lines."""
    done = subprocess.run(
        [
            browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}",
            "--enable-logging=stderr", "--virtual-time-budget=5000", "--window-size=1500,1200",
            *options, "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def seen(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    source = html_text.escape(page.read_text())
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{source}"></iframe>'
        for width in WIDTHS
    )
    harness = folder / "harness.html"
    harness.write_text(HARNESS.format(frames=frames))
    dom, console = dump(harness, folder / "profile")
    text = re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)[1]
    return json.loads(html_text.unescape(text)), console


def test_no_message_in_the_console(seen):
    assert seen[1] == []


@pytest.mark.parametrize("k", range(len(WIDTHS)), ids=map(str, WIDTHS))
def test_no_text_is_clipped(seen, k):
    assert seen[0][k]["clipped"] == []


@pytest.mark.parametrize("k", range(len(WIDTHS)), ids=map(str, WIDTHS))
def test_tables_sort_and_the_slider_chooses(seen, k):
    found = seen[0][k]["works"]
    assert len(found["up"]) == 5
    assert found["up"] == sorted(found["up"])
    assert found["down"] == found["up"][::-1]
    assert found["first"] == [0]
    assert found["last"] == [found["slides"] - 1] == [3]
    assert "of rows driven" in found["label"]


@pytest.mark.parametrize("k", range(len(WIDTHS)), ids=map(str, WIDTHS))
def test_no_name_became_a_script(seen, k):
    assert seen[0][k]["injected"] is None


@pytest.mark.parametrize("k", range(len(WIDTHS)), ids=map(str, WIDTHS))
def test_the_test_itself_notices_text_outside(seen, k):
    assert seen[0][k]["noticed"] == ["the page scrolls sideways", "far away"]


def test_the_test_itself_notices_errors(tmp_path):
    broken = tmp_path / "broken.html"
    broken.write_text("<!doctype html><script>nosuch()</script>")
    _, console = dump(broken, tmp_path / "profile")
    assert any("nosuch is not defined" in line for line in console)
