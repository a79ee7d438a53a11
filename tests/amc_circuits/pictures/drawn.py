"""Faults of a block diagram, found in its texts and lines alone."""

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

Segment = tuple[tuple[float, float], tuple[float, float]]
CLOSE = 1e-6
"""Distance of points that are equal, inches."""


def boxes(figure: Figure) -> dict[str, list[Bbox]]:
    """Boxes of all texts of a figure, by text, pixels."""
    renderer, found = FigureCanvasAgg(figure).get_renderer(), {}
    for text in figure.axes[0].texts:
        found.setdefault(text.get_text(), []).append(text.get_window_extent(renderer))
    return found


def overlaps(figure: Figure) -> list[str]:
    """Texts that overlap another text or a line, or that leave the figure."""
    placed = [(text, box) for text, found in boxes(figure).items() for box in found]
    bad = [f"{one} over {other}" for (one, a), (other, b) in combinations(placed, 2) if a.overlaps(b)]
    bad += [f"{text} leaves the figure" for text, box in placed if not figure.bbox.containsx(box.x0)]
    bad += [f"{text} leaves the figure" for text, box in placed if not figure.bbox.containsx(box.x1)]
    bad += [f"{text} leaves the figure" for text, box in placed if not figure.bbox.containsy(box.y0)]
    bad += [f"{text} leaves the figure" for text, box in placed if not figure.bbox.containsy(box.y1)]
    for line in figure.axes[0].lines:
        path = line.get_path().transformed(line.get_transform())
        bad += [f"{text} over a line" for text, box in placed if path.intersects_bbox(box, filled=False)]
    return bad


def wires(figure: Figure) -> dict[str, list[Segment]]:
    """Segments of the wires of each node; lines of symbols are not among them."""
    found: dict[str, list[Segment]] = {}
    for line in figure.axes[0].lines:
        if line.get_label() and not line.get_label().startswith("_"):
            one, other = line.get_xydata()
            found.setdefault(line.get_label(), []).append((tuple(one), tuple(other)))
    return found


def signs(figure: Figure, sign: str) -> list[tuple[float, float]]:
    """Middles of the signs of one type, `_plus` or `_minus`."""
    lines = [line for line in figure.axes[0].lines if line.get_label() == sign]
    return [tuple(line.get_xydata().mean(axis=0)) for line in lines]


def reaches(figure: Figure, group: str, sign: str, distance: float) -> bool:
    """True if a wire of a group ends at the height of a sign, within a distance of it, inches."""
    ends = [end for segment in wires(figure)[group] for end in segment]
    return any(
        abs(y - height) < CLOSE and abs(x - across) < distance
        for x, y in ends
        for across, height in signs(figure, sign)
    )


def faults_of_wires(figure: Figure) -> list[str]:
    """Nodes whose wires do not hang together, and nodes that an end of another node's wire touches."""
    nodes = wires(figure)
    bad = [f"{node} is in pieces" for node, segments in nodes.items() if not _one_piece(segments)]
    for (one, of_one), (other, of_other) in combinations(nodes.items(), 2):
        if any(_touch(a, b) for a in of_one for b in of_other):
            bad.append(f"{one} touches {other}")
    return bad


def _one_piece(segments: list[Segment]) -> bool:
    reached, left = segments[:1], segments[1:]
    while near := [segment for segment in left if any(_touch(segment, other) for other in reached)]:
        reached += near
        left = [segment for segment in left if segment not in near]
    return not left


def _touch(one: Segment, other: Segment) -> bool:
    """True if an end of one segment is on the other: lines that only cross do not touch."""
    return any(_on(end, other) for end in one) or any(_on(end, one) for end in other)


def _on(point: tuple[float, float], segment: Segment) -> bool:
    """True if a point is on a level or upright segment."""
    return all(min(a, b) - CLOSE <= place <= max(a, b) + CLOSE for place, a, b in zip(point, *segment, strict=True))
