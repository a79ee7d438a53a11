"""What an SVG file says."""

import html
import re


def texts(path):
    """What an svg has in words."""
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())]
