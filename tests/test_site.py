"""The pages are a site: it builds without a warning, every page is reached, every link in it resolves."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.packages import PACKAGES

ROOT = Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """The anchors of a page, and where its links and pictures lead."""

    def __init__(self, path):
        super().__init__()
        self.path, self.anchors, self.targets, self.fetched = path, set(), set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Collect the anchors and targets of a tag."""
        found = dict(attributes)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        self.targets |= {found[name] for name in ("href", "src") if found.get(name)}
        self.fetched |= {found[name] for name in ("href", "src") if found.get(name) and tag != "a"}

    def links(self):
        """Files and anchors of this site that the page names."""
        for target in self.targets:
            parts = urlsplit(target)
            if not (parts.scheme or parts.netloc):
                file = (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path
                yield file, unquote(parts.fragment)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All pages of the built site by their paths."""
    out = tmp_path_factory.mktemp("site").resolve()
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "--keep-going", "-b", "html"]
    done = subprocess.run([*command, ROOT / "docs", out], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return out, {path: Page(path) for path in out.rglob("*.html")}


def test_every_page_is_reached_from_the_index(site):
    """Following links from the index leads to every page that was written."""
    out, pages = site
    reached, waiting = set(), [out / "index.html"]
    while waiting:
        path = waiting.pop()
        if path not in reached and path in pages:
            reached.add(path)
            waiting += [file for file, _ in pages[path].links()]
    written = {(ROOT / "docs" / name).relative_to(ROOT / "docs") for name in (ROOT / "docs").rglob("*.md")}
    written |= {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").glob("*.ipynb")}
    assert len(written) > 20
    assert {(out / path).with_suffix(".html") for path in written} <= reached


def test_links_and_anchors_resolve(site):
    """Every link of every page that stays in the site leads to a file, and to an anchor that is in it."""
    _, pages = site
    count = 0
    for path, page in pages.items():
        for file, anchor in page.links():
            count += 1
            assert file.exists(), (path.name, file)
            assert not anchor or file not in pages or anchor in pages[file].anchors, (path.name, file.name, anchor)
    assert count > 1000


def test_nothing_is_fetched(site):
    """Pictures, styles and scripts are part of the site: it can be read without a network."""
    for page in site[1].values():
        assert page.fetched
        assert not [target for target in page.fetched if urlsplit(target).netloc]


def test_the_tutorial_shows_its_outputs(site):
    """The page of the notebook holds the pictures, tables and texts that its cells stored."""
    out, _ = site
    text = (out / "tutorial.html").read_text(encoding="utf-8")
    cells = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    pictures = ["".join("".join(one["image/png"]).split()) for one in data if "image/png" in one]
    assert len(pictures) >= 4 and all(picture in text for picture in pictures)
    assert text.count('<div class="output">') == sum("image/png" in one or "text/html" in one for one in data)
    assert "settled after" in text and "SETTLED" in text


@pytest.mark.parametrize("layer", PACKAGES, ids=lambda layer: layer.__name__)
def test_api_pages_hold_every_public_name(site, layer):
    """Each name of a package's `__all__` is on its page, with its docstring."""
    out, pages = site
    page = pages[out / "api" / f"{layer.__name__}.html"]
    text = page.path.read_text(encoding="utf-8")
    for name in getattr(layer, "__all__", ()):
        assert f"{layer.__name__}.{name}" in page.anchors or name == "ParameterError", name
        assert f'<span class="pre">{name}</span>' in text, name
