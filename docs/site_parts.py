"""Parts of the site that Sphinx does not have: notebooks as pages, equations without scripts, records as they are."""

from __future__ import annotations

import ast
import html
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.writers.html5 import HTML5Translator

from netlists import Record

OUTSIDE = {
    "benchmarks/README.md": "benchmarks.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
"""Files outside of this folder, and the pages of the site that hold them."""
GOOGLE = Config(napoleon_use_ivar=True, napoleon_attr_annotations=False)


def _links_inside(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to files outside of this folder lead to the pages that hold them; file names become titles."""
    up = "../" * page.count("/")
    for file, inside in OUTSIDE.items():
        source[0] = re.sub(rf"\]\({re.escape(f'../{up}{file}')}(?=[#)])", f"]({up}{inside}", source[0])
    source[0] = re.sub(r"\[[\w./]+\.(?:md|ipynb)\]\(", "[](", source[0])


class NotebookParser(MystParser):
    """Reads a notebook as a page: its text, its cells as code, and their stored outputs."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parses the cells, with a link to the notebook itself below the first."""
        cells = json.loads(inputstring)["cells"]
        texts = ["\n\n".join(_cell(cell)) for cell in cells]
        name = document["source"].rpartition("/")[2]
        texts.insert(1, f"The notebook itself: {{download}}`{name} <{name}>`.")
        super().parse("\n\n".join(texts), document)


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    """Markdown of a cell and of its outputs; pictures and tables are part of the page itself."""
    text = "".join(cell["source"])
    yield text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
    for output in cell.get("outputs", ()):
        data = {name: "".join(content) for name, content in output.get("data", {}).items()}
        if "image/png" in data:
            picture = re.sub(r"\s", "", data["image/png"])
            yield _raw(f'<img src="data:image/png;base64,{picture}" alt="output of the cell above"/>')
        elif "text/html" in data:
            yield _raw(data["text/html"])
        elif printed := "".join(output.get("text", ())) or data.get("text/plain", ""):
            yield f"```text\n{printed.rstrip()}\n```"


def _raw(text: str) -> str:
    return f'````{{raw}} html\n<div class="output">{text}</div>\n````'


def _inline_equation(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _equation(writer: HTML5Translator, node: nodes.math_block) -> None:
    name = f' id="{html.escape(node["ids"][0])}"' if node["ids"] else ""
    writer.body.append(f'<div class="math"{name}>{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def _docstring(app: Sphinx, what: str, name: str, target: Any, options: Any, lines: list[str]) -> None:
    """Reads a docstring in Google's style; a record's has the attributes that it inherits, too."""
    text = [*_in_restructured_text(lines)]
    if isinstance(target, type) and issubclass(target, Record):
        for base in target.__mro__[1:]:
            text += _in_restructured_text(_attributes(base))
    # What Napoleon takes for an attribute would have "type: text" as its first line.
    kind = "method" if what in ("property", "attribute", "data") else what
    lines[:] = GoogleDocstring(text, GOOGLE, app, kind, name, target, options).lines()


def _in_restructured_text(lines: Iterable[str]) -> Iterator[str]:
    """Markdown's tables as tables; bars and stars outside of back-ticks as they are."""
    table = False
    for line in lines:
        if line.startswith("|"):
            if not table:
                yield from (".. csv-table::", "   :header-rows: 1", "   :delim: |", "")
            if set(line) - set("|-: "):
                yield f"   {line.strip('|')}"
        else:
            yield re.sub(r"(`[^`]*`)|([|*])", lambda found: found[1] or rf"\{found[2]}", line)
        table = line.startswith("|")


def _attributes(base: type) -> Iterator[str]:
    """The lines on attributes in the docstring of a private record."""
    if issubclass(base, Record) and base.__name__.startswith("_"):
        _, _, listed = (inspect.getdoc(base) or "").partition("Attributes:\n")
        yield from listed.splitlines()


def _signature(
    app: Sphinx, what: str, name: str, target: Any, options: Any, arguments: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """A record's signature has its types as they are written, without bounds and help."""
    if not (isinstance(target, type) and issubclass(target, Record)):
        return arguments, returns
    written: dict[str, str] = {}
    for base in reversed(target.__mro__):
        written |= vars(base).get("__annotations__", {})
    fields = []
    for field, about in target.model_fields.items():
        default = "" if about.is_required() else f" = {_short(about.default)}"
        fields.append(f"{field}: {_plain_type(written[field])}{default}")
    return f"(*, {', '.join(fields)})", returns


class _WithoutNotes(ast.NodeTransformer):
    """Replace `Annotated[type, ...]` by the type."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Take the first entry of `Annotated`."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "Annotated" and isinstance(node.slice, ast.Tuple):
            return node.slice.elts[0]
        return node


def _plain_type(written: str) -> str:
    return ast.unparse(_WithoutNotes().visit(ast.parse(written, mode="eval")))


def _short(default: Any) -> str:
    return f"{type(default).__name__}()" if isinstance(default, Record) else repr(default)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers what is above."""
    app.connect("source-read", _links_inside)
    app.connect("autodoc-process-docstring", _docstring)
    app.connect("autodoc-process-signature", _signature)
    app.add_source_parser(NotebookParser)
    app.add_html_math_renderer("mathml", (_inline_equation, None), (_equation, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
