"""How Sphinx makes a site of these pages: `python -m sphinx -b html docs OUT`. Needs no network, nor does the site."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import optimizer.step_cost  # noqa: F401 - see below

sys.path.insert(0, str(Path(__file__).parent))
# autodoc writes the annotations of all bases into a class that it documents; pydantic takes them for the class's own
# when a subclass with further keys is made later. So those of settings are made first.

# There are millions of nodes, and next to none of them is garbage: a third of the time went into a search for it.
gc.set_threshold(200_000, 50, 50)

project = "amc"
extensions = ["myst_parser", "sphinx.ext.autodoc", "site_parts"]
source_suffix = {".md": "markdown", ".ipynb": "notebook"}
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

html_theme = "furo"
html_title = "amc"
html_show_sphinx = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "literal"
autodoc_mock_imports = ["torch"]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_type_aliases = {"FloatArray": "FloatArray", "ArrayLike": "ArrayLike", "Matrix": "Matrix", "Vector": "Vector"}
autodoc_default_options = {"members": True, "exclude-members": "model_config"}
python_maximum_signature_line_length = 100
nitpicky = True
# Names in type annotations are not checked: those of NumPy, PySpice and Python itself have no page here.
nitpick_ignore_regex = [("py:.*", ".*")]
