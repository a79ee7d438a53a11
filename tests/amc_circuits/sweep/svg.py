"""Words of an SVG file."""

import html
import re


def texts(path):
    """Texts of an SVG file, in order."""
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())]
