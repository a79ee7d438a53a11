"""Op-amps of other packages: entry points in the group `amc.opamps`, each a record or a function that returns one.

The name of the entry point is the name of the op-amp; those of this package come first.
"""

from __future__ import annotations

from functools import cache

from netlists.errors import ParameterError, shown
from netlists.opamps.records import MacroOpAmp, OpAmp, SinglePoleOpAmp, SubcircuitOpAmp
from netlists.packages import installed_entries, load_entry, package_of

GROUP = "amc.opamps"


@cache
def installed_opamp(name: str) -> OpAmp:
    """Return the record of an op-amp of another package; the function of a package is called once.

    Raises:
        ParameterError: The package cannot be loaded, its function fails, or it gives something else than an op-amp.
    """
    entry = installed_entries(GROUP)[name]
    found = load_entry("opamp", entry)
    if callable(found):
        try:
            found = found()
        except Exception as error:  # the function is the package's own
            mend = f"the function of its {package_of(entry)} failed: {type(error).__name__}: {error}"
            raise ParameterError("opamp", repr(name), " ".join(mend.split())) from error
    if not isinstance(found, SinglePoleOpAmp | MacroOpAmp | SubcircuitOpAmp):
        mend = f"its {package_of(entry)} gives {shown(found)}, which is no op-amp record"
        raise ParameterError("opamp", repr(name), mend)
    return found
