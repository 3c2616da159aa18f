"""The HTML report in a real browser: axe finds nothing, and nothing is wider than the screen.

Needs Chromium and the wheel that axe's script is taken from (AXE_WHEEL); `.ci/run` provides both.
"""

import html
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from mlci.reports.html import render

CHROMIUM = shutil.which("chromium")
AXE = os.environ.get("AXE_WHEEL", "")
pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the PATH"),
    pytest.mark.skipif(
        not Path(AXE).is_file(), reason="AXE_WHEEL names no wheel with axe's script"
    ),
]
# Best practices and all of WCAG 2.2 up to AA.
LOOK = """
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
                             'best-practice']}).then(found => {
  const seen = {
    violations: found.violations.map(each => [each.id, each.nodes.map(node => node.html)]),
    passes: found.passes.map(each => each.id),
    width: window.innerWidth,
    wider: document.documentElement.scrollWidth - window.innerWidth,
    paper: getComputedStyle(document.body).backgroundColor,
    requests: performance.getEntriesByType('resource').length,
  };
  parent.document.body.textContent = 'SEEN' + JSON.stringify(seen) + 'NEES';
});
"""


def look(text, folder, width, *options):
    """What axe and the browser find, in a frame: a window itself is never as narrow as a phone.
    The page's own policy would forbid the script: it is taken out here, and here alone."""
    with zipfile.ZipFile(AXE) as wheel:
        axe = wheel.read("axe_playwright_python/axe.min.js").decode()
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert bare != text
    safe = [each.replace("</", "<\\/") for each in (axe, LOOK)]
    scripts = "".join(f"<script>{each}</script>" for each in safe)
    page = folder / "page.html"
    inner = html.escape(bare.replace("</body>", f"{scripts}</body>"))
    size = f"width: {width}px; height: 900px; border: 0"
    frame = f'<body><iframe style="{size}" srcdoc="{inner}"></iframe></body>'
    page.write_text(f'<!doctype html><meta charset="utf-8">{frame}', encoding="utf-8")
    argv = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    argv += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000"]
    argv += ["--window-size=1400,1000", *options]
    done = subprocess.run(
        [*argv, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    seen = re.search(r"SEEN(.*)NEES", html.unescape(done.stdout), re.DOTALL)
    assert seen, done.stderr[-2000:]
    return json.loads(seen[1])


@pytest.mark.parametrize(
    ("width", "options", "paper"),
    [
        (390, [], "rgb(255, 255, 255)"),
        (1280, ["--blink-settings=preferredColorScheme=0"], "rgb(20, 23, 26)"),
    ],
    ids=["phone, light", "desk, dark"],
)
def test_axe_finds_nothing_and_nothing_overflows(documents, tmp_path, width, options, paper):
    seen = look(render(documents["inconclusive"]), tmp_path, width, *options)
    assert seen["width"] == width
    assert seen["violations"] == []
    assert {"color-contrast", "svg-img-alt", "html-has-lang"} <= set(seen["passes"])
    assert seen["wider"] <= 0
    assert seen["paper"] == paper
    assert seen["requests"] == 0


def test_axe_would_find_something(tmp_path):
    page = '<html><head><meta http-equiv="Content-Security-Policy" content="x"></head><body>'
    page += '<svg role="img"></svg><p style="color: #bbb; background: #fff">pale</p></body></html>'
    seen = look(page, tmp_path, 390)
    assert {"svg-img-alt", "color-contrast"} <= {name for name, _ in seen["violations"]}
