"""The subcommands `amc mimo ...`. The module of a command is imported when it runs."""

from __future__ import annotations

from amc_circuits import CommandGroup, Extension

COMMANDS = {
    "detect": ("Detect the symbols of many users: bit error rates of circuits.", "mimo.detection.command:detect"),
    "ofdm": ("Fourier transforms of OFDM by arrays: error vector magnitudes.", "mimo.ofdm.command:ofdm"),
    "precode": ("Precode for many users by GINV: settling, bit errors, energy.", "mimo.precoding.command:precode"),
    "estimate": ("Estimate sparse channels from few pilots by circuits.", "mimo.estimation.command:estimate"),
    "leakage": ("Precode against leakage to other users by EGV and INV.", "mimo.slnr.command:leakage"),
    "iterate": ("Detect by iterations of array products.", "mimo.iteration.command:iterate"),
}
extension = Extension(groups={"mimo": CommandGroup("Massive MIMO on analog arrays.", COMMANDS)})
