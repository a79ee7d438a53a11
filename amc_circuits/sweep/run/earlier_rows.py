"""Rows that are points of a sweep under another key: of a time with fewer options, or of another version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from amc_circuits.sweep.plan.plan import KEY_BYTES, Handling, Plan, plan_of
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.rows.source import options_of, picker
from amc_circuits.sweep.store import Row, Store
from amc_circuits.sweep.store.forms import Form
from amc_circuits.sweep.store.row import Packed
from amc_circuits.values.quantities import counted
from netlists import ParameterError

COLUMNS = (".engine", ".engine_version")
"""Fields of a row that decide whether it is of another version."""


def planned(sweep: Sweep, store: Store | None, handling: Handling) -> Plan:
    """Plan a sweep: decide which points to run.

    A row that lacks an option has its default, so it counts as the point with that default, unless it failed. Another
    version may give other results: its rows are not reused, and the plan counts the points that have such a row.

    Args:
        sweep: All points.
        store: Store of the folder; None for a folder without one.
        handling: How the sweep is run.

    Raises:
        EngineNotFoundError: An engine needs ngspice, and there is none.
        ParameterError: Files of matrix and right-hand side cannot be read, or do not match; or the store is damaged.
    """
    if store is None:
        return plan_of(sweep, {}, handling)
    known = store.states()
    plan = plan_of(sweep, known, handling)
    if not plan.points or not any(_may_have(form, plan) for form in store.forms()):
        return plan
    same, others = _found(plan, store)
    if same:
        for today, key in same.items():
            known.add_key(today.hex(), key)
        plan = plan_of(sweep, known, handling)
    versions = Counter(version for today, version in others.items() if today not in same)
    return replace(plan, other_versions=versions)


def _found(plan: Plan, store: Store) -> tuple[dict[bytes, str], dict[bytes, str]]:
    """Keys of rows of this version, and versions of rows of others, by the keys that points to run have today.

    The last row that was stored counts.
    """
    keys = bytes(plan.points.keys)
    wanted = {keys[k : k + KEY_BYTES] for k in range(0, len(keys), KEY_BYTES)}
    same: dict[bytes, str] = {}
    others: dict[bytes, str] = {}
    for packed, version, is_same in _candidates(plan, store):
        row = store.unpacked(packed)
        if is_same and row.failed:
            continue
        today = _key_today(row, plan)
        if today in wanted and is_same:
            same[today] = row.key
        elif today in wanted:
            others[today] = version
    return same, others


def _candidates(plan: Plan, store: Store) -> Iterator[tuple[Packed, str, bool]]:
    """Yield rows that are none of the plan's, with their versions and whether these are in use."""
    pick, may_have = cache(lambda form: picker(form, COLUMNS)), cache(lambda form: _may_have(form, plan))
    used = set(plan.numbers.tolist())
    for packed in store.packed(by_number=False):
        if packed.number not in used and may_have(packed.form):
            engine, version = pick(packed.form)(packed)
            if engine in plan.versions:
                yield packed, version, version == plan.versions[engine]


def _may_have(form: Form, plan: Plan) -> bool:
    """True if a row of a form may be a point under another key."""
    fixed = {form.leaves[place]: value for place, value in form.fixed.items()}
    sweep = plan.points.sweep
    complete = sweep.word == "circuit" and sweep.subject.defaults.keys() <= options_of(form).keys()
    return not complete or fixed.get(("engine_version",)) not in plan.versions.values()


def _key_today(row: Row, plan: Plan) -> bytes | None:
    """Key that the point of a row has in this version; None if it is no point of this version, or of this sweep.

    The row's own key must follow from its options too: else a file that it names has another content by now.
    """
    sweep = plan.points.sweep
    if row.subject != (sweep.word, sweep.circuit):
        return None
    subject = sweep.subject
    options = subject.defaults | row.options
    if len(options) > len(subject.defaults):
        return None
    try:
        if subject.key(row.options, row.engine_version) != row.key:
            return None
        options = subject.complete(options)
    except (KeyError, ParameterError):  # such as a value that this version refuses
        return None
    return bytes.fromhex(subject.key(options, plan.versions[row.engine]))


def other_versions_line(plan: Plan) -> str:
    """Announcement of the points that run again because their rows are of other versions; empty if there are none."""
    if not plan.other_versions:
        return ""
    several = ", ".join(f"{count} of {version}" for version, count in sorted(plan.other_versions.items()))
    now = "; ".join(sorted(set(plan.versions.values())))
    points = counted(plan.other_versions.total(), "point")
    why = f"computed again by {now}, because results may differ; the older rows stay"
    return f"{points} with a row of another version ({several}): {why}"
