"""Every record that a user passes to the public names, or gets from them, has its entry on an API page."""

import inspect
import re
import typing
from functools import cached_property
from pathlib import Path

from tests.packages import PACKAGES

PAGES = (Path(__file__).resolve().parents[1] / "docs" / "api").glob("*.md")
NAMES = tuple(package.__name__ for package in PACKAGES)


def ours(found):
    """True of what one of the packages defines."""
    return getattr(found, "__module__", "").partition(".")[0] in NAMES


def classes_in(hint):
    """Classes of the packages in a type hint."""
    if inspect.isclass(hint) and ours(hint):
        yield hint
    for part in typing.get_args(hint):
        yield from classes_in(part)


def hints_of(found):
    """Type hints of a function or a class, without those that only a type checker can import."""
    try:
        return list(typing.get_type_hints(found).values())
    except NameError:
        return []


def functions_of(cls):
    """Public methods and properties of a class, with those of its bases in the packages."""
    for base in filter(ours, cls.__mro__):
        for name, value in vars(base).items():
            if not name.startswith("_"):
                plain = {property: "fget", cached_property: "func", classmethod: "__func__", staticmethod: "__func__"}
                function = getattr(value, plain.get(type(value), ""), value)
                if inspect.isfunction(function):
                    yield function


def reached():
    """Every class of the packages that is named in a signature or a field, from the public names on."""
    seen, waiting = set(), [getattr(package, name) for package in PACKAGES for name in package.__all__]
    while waiting:
        found = waiting.pop()
        if not (inspect.isclass(found) or inspect.isfunction(found)) or found in seen:
            continue
        seen.add(found)
        functions = list(functions_of(found)) if inspect.isclass(found) else []
        waiting += [cls for one in (found, *functions) for hint in hints_of(one) for cls in classes_in(hint)]
    return {found for found in seen if inspect.isclass(found) and ours(found)}


def test_every_record_in_a_signature_has_an_entry():
    """It is documented by its own name or with its whole module."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    modules = set(re.findall(r"automodule:: ([\w.]+)", text))
    names = {name.rpartition(".")[2] for name in re.findall(r"auto(?:class|exception):: ([\w.]+)", text)}
    found = reached()
    assert len(found) > 50
    assert not {cls for cls in found if cls.__module__ not in modules and cls.__name__ not in names}
