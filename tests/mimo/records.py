"""Public records of mimo, for the tests of their texts."""

import mimo
from amc_circuits import CommandGroup


def mimo_records(count):
    """A short study of detectors over so many channels, and every record around it."""
    settings, parts = mimo.DetectSettings(realizations=count, detectors="gram-inv", correlation=0), mimo.Parts({})
    found = mimo.detect(settings, parts)
    waves = mimo.transforms(mimo.OfdmSettings(size=4, frames=2, values="8"), {})
    sent = mimo.precode(mimo.PrecodeSettings(antennas=4, users=1, realizations=count, transients=1), parts)
    course = mimo.iterate(mimo.IterateSettings(antennas=4, users=1, realizations=1, vectors=2), parts)
    entries = {"size": 6, "pilots": 4, "taps": 1, "estimators": "omp", "snr": ",".join(map(str, range(count)))}
    sparse = mimo.estimate(mimo.EstimateSettings(**entries, realizations=count), parts)
    leaks = mimo.leakage(mimo.LeakageSettings(antennas=4, users=2, user_antennas=1, realizations=count), mimo.Parts({}))
    studies = [
        sparse,
        sparse.settings,
        *sparse.estimators,
        leaks,
        leaks.settings,
        *leaks.methods,
        *mimo.DELAY_LINES.values(),
        course,
        course.settings,
        *course.courses,
        waves,
        waves.settings,
        *waves.points,
        sent,
        sent.settings,
        *sent.settlings,
    ]
    group = CommandGroup("Commands.", {f"command{k}": ("A command.", "place:name") for k in range(count)})
    return [*studies, settings, parts, found, *found.curves, mimo.Constellation(16), group]
