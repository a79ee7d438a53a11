"""Circuit of the macro: what its switches connect in each phase (arXiv 2501.01586)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netlists.arrays.array import Array
from netlists.circuit import Circuit
from netlists.circuits.macro.records import LETTERS, MacroDesign, MacroPhase
from netlists.driving import Phase, Source
from netlists.errors import check_type
from netlists.parts import GROUND, Conductors, Hold, OpAmps, Part, Switches
from netlists.record import ParameterError


def sampled_phase(name: str) -> str:
    """Name the part of a phase between sampling and the opening of its other switches."""
    return f"{name} sampled"


def dead_phase(name: str) -> str:
    """Name the time after a phase with all switches open."""
    return f"after {name}"


def macro(p: MacroDesign) -> Circuit:
    """Return the macro of a record.

    Bank 1 has its inverting inputs at `v` and outputs `o`; bank 2 has inputs `q` and `m` and outputs `z`. Array k has
    a letter, here `a`: rows `ra`, columns `ca`, those of the negative array `da`; rows `ta` and columns `ea` of the
    second array, and columns `ya` of its negative one. GINV of a pair has two further banks of inverters, `zc` of the
    columns and `zr` of bank 1. Phase k has a letter, too: its DACs are at `xa`, its held outputs at `ha`.

    Every switch into an array is a Kelvin connection: `v` reaches the rows through a switch without current, feedback
    and inputs end at the rows themselves, and outputs are read and sampled behind the switch of the output. A switch
    in series with an input or an inverter is part of its resistance. Its resistance remains in columns that DACs and
    holds drive.
    """
    check_type("p", p, MacroDesign)
    made = _Maker(p)
    made.arrays()
    for place, phase in enumerate(p.phases):
        made.phase(LETTERS[place], phase)
    made.banks()
    return made.circuit()


@dataclass
class _Maker:
    """Groups, parts and switches of a macro while they are collected.

    Attributes:
        p: Record.
        groups: Nodes of each group.
        parts: Parts other than switches, by name.
        gates: Names of the phases in which the switches between two groups are closed.
        sources: Sources of the DACs.
        outputs: Group that each phase reads.
        branches: Far ends of feedback conductors, by array and conductance.
    """

    p: MacroDesign
    groups: dict[str, int] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    gates: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    branches: dict[tuple[str, float], str] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Add a part, once."""
        self.parts.setdefault(part.name, part)

    def gate(self, phase: MacroPhase, *ends: tuple[str, str]) -> None:
        """Close the switches between pairs of groups in a phase."""
        for pair in ends:
            self.gates.setdefault(pair, []).append(phase.name)

    def arrays(self) -> None:
        """Add all arrays."""
        rows, columns = self.p.shape
        for letter, held in zip(LETTERS, self.p.arrays, strict=False):
            for name, ends, sizes, cells in (
                ("p", "rc", (rows, columns), held.positive),
                ("n", "rd", (rows, columns), held.negative),
                ("s", "te", (columns, rows), held.transposed),
                ("w", "ty", (columns, rows), held.transposed_negative),
            ):
                if cells is not None:
                    word_lines, bit_lines = (f"{end}{letter}" for end in ends)
                    self.groups |= {word_lines: sizes[0], bit_lines: sizes[1]}
                    wires, bend = self.p.interconnect, self.p.nonlinearity_voltage
                    self.add(Array(f"{name}{letter}", word_lines, bit_lines, cells, wires, bend))

    def phase(self, letter: str, phase: MacroPhase) -> None:
        """Add what a phase connects."""
        a = LETTERS[phase.array]
        self.gate(phase, (f"r{a}", "v"))
        connect = {"mvm": self._mvm, "inv": self._inv, "ginv": self._ginv, "egv": self._egv}[phase.mode]
        self.outputs.append(connect(phase, a, self._inputs(letter, phase)))
        if phase.name in self.p.held:
            own, held = self.p.switches, f"h{letter}"
            self.groups[held] = self.p.size_of(phase)
            self.add(
                Hold(
                    f"hold{letter}", self.outputs[-1], held, own.hold_capacitance, injection=own.charge,
                    on_resistance=own.hold_resistance, off_resistance=own.off_resistance,
                )
            )  # fmt: skip

    def _mvm(self, phase: MacroPhase, a: str, inputs: Sequence[str]) -> str:
        """The input drives the columns, and bank 1 holds the rows at ground; return the group of the outputs."""
        far = self._branch("f", a, phase)
        self.gate(phase, (inputs[0], f"c{a}"), ("o", far))
        if self.p.arrays[phase.array].negative is not None:
            self._invert(phase, f"c{a}", f"d{a}")
        return far

    def _inv(self, phase: MacroPhase, a: str, inputs: Sequence[str]) -> str:
        """Bank 1 drives the columns."""
        self._enter(phase, a, inputs)
        self.gate(phase, ("o", f"c{a}"))
        if self.p.arrays[phase.array].negative is not None:
            self._invert(phase, f"c{a}", f"d{a}")
        return f"c{a}"

    def _ginv(self, phase: MacroPhase, a: str, inputs: Sequence[str]) -> str:
        """Bank 1 drives the second array, whose rows bank 2 holds at ground by the columns of the first one."""
        self._enter(phase, a, inputs)
        assert phase.feedback_conductance is not None
        self.groups[f"g{a}"] = self.p.shape[0]
        ohms = self._in_series(1 / phase.feedback_conductance, "feedback_conductance")
        self.add(Conductors(f"byg{a}", f"g{a}", f"r{a}", ohms))
        self.gate(phase, ("o", f"e{a}"), (f"e{a}", f"g{a}"), (f"t{a}", "q"), ("m", GROUND), ("z", f"c{a}"))
        if self.p.turns(phase):
            self._invert(phase, f"c{a}", f"d{a}", "c", self.p.shape[1])
            self._invert(phase, f"e{a}", f"y{a}", "r", self.p.shape[0])
        return f"c{a}"

    def _egv(self, phase: MacroPhase, a: str, inputs: Sequence[str]) -> str:
        """Bank 2 drives the columns with the opposite of bank 1, which drives the feedback and the negative array."""
        far = self._branch("u", a, phase)
        self.gate(phase, ("o", far))
        if self.p.arrays[phase.array].negative is not None:
            self.gate(phase, ("o", f"d{a}"))
        self._invert(phase, far, f"c{a}")
        return f"c{a}"

    def _inputs(self, letter: str, phase: MacroPhase) -> list[str]:
        """Return the groups that drive a phase: its DACs, then what is held."""
        found = []
        if phase.words:
            size, before = self.p.inputs_of(phase), sum(self.groups[source.group] for source in self.sources)
            self.groups[f"x{letter}"] = size
            self.sources.append(Source(f"x{letter}", slice(before, before + size)))
            found.append(f"x{letter}")
        if phase.held is not None:
            place = [one.name for one in self.p.phases].index(phase.held)
            found.append(f"h{LETTERS[place]}")
        return found

    def _enter(self, phase: MacroPhase, a: str, inputs: Sequence[str]) -> None:
        """Connect inputs to the rows of an array; words and held values have input conductors of their own."""
        ohms = 1 / self.p.arrays[phase.array].input_conductance
        for group in inputs:
            end = f"{'j' if group[0] == 'x' else 'k'}{a}"
            self.groups[end] = self.p.shape[0]
            self.add(Conductors(f"in{end}", end, f"r{a}", self._in_series(ohms, "input_conductance"), "inputs"))
            self.gate(phase, (group, end))

    def _in_series(self, ohms: float, name: str) -> float:
        """Return the conductance that makes up a resistance with a closed switch in series, S."""
        own = self.p.switches.on_resistance
        if own >= ohms:
            raise ParameterError("on_resistance", own, f"must be below that of {name}, {ohms:g} ohm")
        return 1 / (ohms - own)

    def _branch(self, kind: str, a: str, phase: MacroPhase) -> str:
        """Return the far end of the feedback conductors of an array with the conductance of a phase."""
        others = [far for (name, _), far in self.branches.items() if name == f"{kind}{a}"]
        assert phase.feedback_conductance is not None
        far = self.branches.setdefault((f"{kind}{a}", phase.feedback_conductance), f"{kind}{a}{LETTERS[len(others)]}")
        self.groups[far] = self.p.shape[0]
        self.add(Conductors(f"by{far}", far, f"r{a}", phase.feedback_conductance))
        return far

    def _invert(self, phase: MacroPhase, taken: str, given: str, bank: str = "", size: int | None = None) -> None:
        """Let bank 2, or another bank, drive `given` with the opposite of `taken`; resistors end behind switches."""
        self.gate(phase, (taken, f"i{bank}"))
        if not bank:
            self.gate(phase, ("q", GROUND))
        self.gate(phase, (f"z{bank}", given), (given, f"l{bank}"))
        ohms = self._in_series(self.p.inverter_resistance, "inverter_resistance")
        for end in (f"i{bank}", f"l{bank}"):
            self.groups[end] = size or self.p.shape[1]
            self.add(Conductors(f"inv{end}", end, f"m{bank}", ohms))

    def banks(self) -> None:
        """Add both banks; a second bank that a phase does not use follows ground."""
        rows, columns = self.p.shape
        self.groups |= {"v": rows, "o": rows}
        idle = ["v"]
        self.add(OpAmps("first", "v", "o", self.p.opamp, offset=self.p.first_offset, label="amplifier"))
        if self.p.second_bank:
            self.groups |= {"q": columns, "m": columns, "z": columns}
            idle += ["q", "m"]
            label = "amplifier of bank 2"
            self.add(OpAmps("second", "m", "z", self.p.opamp, "q", self.p.second_offset, label))
            for phase in self.p.phases:
                if not self.p.uses_second(phase):
                    self.gate(phase, ("q", GROUND), ("z", "m"))
        idle += self._turning()
        for group in idle:
            self.add(Conductors(f"idle{group}", group, GROUND, 1 / self.p.switches.idle_resistance))

    def _turning(self) -> list[str]:
        """Add the inverters of GINV of a pair, which follow ground in other phases; return their inverting inputs."""
        if not any(map(self.p.turns, self.p.phases)):
            return []
        rows, columns = self.p.shape
        for bank, size, offset, label in (
            ("c", columns, self.p.column_inverter_offset, "column inverter"),
            ("r", rows, self.p.row_inverter_offset, "row inverter"),
        ):
            self.groups |= {f"m{bank}": size, f"z{bank}": size}
            self.add(OpAmps(f"turn{bank}", f"m{bank}", f"z{bank}", self.p.opamp, offset=offset, label=label))
            for phase in self.p.phases:
                if not self.p.turns(phase):
                    self.gate(phase, (f"z{bank}", f"m{bank}"))
        return ["mc", "mr"]

    def circuit(self) -> Circuit:
        """Return the circuit of what was collected."""
        own, phases, held = self.p.switches, list[Phase](), self.p.held
        for k, (phase, output) in enumerate(zip(self.p.phases, self.outputs, strict=True)):
            driven = (f"x{LETTERS[k]}",) if phase.words else ()
            keep = (f"hold{LETTERS[k]}",) if phase.name in held else ()
            phases.append(Phase(phase.name, driven, output, keep, phase.duration))
            if keep and own.sample_lead:
                phases.append(Phase(sampled_phase(phase.name), driven, output, (), own.sample_lead))
            if own.dead_time and k + 1 < len(self.p.phases):
                phases.append(Phase(dead_phase(phase.name), (), output, (), own.dead_time))
        names = [phase.name for phase in phases]
        gates = tuple(self._gate(*item, names) for item in self.gates.items())
        title = f"macro {self.p.shape[0]} x {self.p.shape[1]} {self.p.sha256[:12]}"
        return Circuit(
            title, self.groups, (*self.parts.values(), *gates), tuple(self.sources), self.outputs[-1], tuple(phases),
            self.p.temperature,
        )  # fmt: skip

    def _gate(self, ends: tuple[str, str], closed: Sequence[str], names: Sequence[str]) -> Switches:
        """Return the switches between two groups, closed until their phases end."""
        own, (a, b) = self.p.switches, ends
        kept = {*closed, *map(sampled_phase, closed)}
        every = tuple(name for name in names if name in kept)
        name = f"{a}to{'ground' if b == GROUND else b}"
        ohms = own.on_resistance
        if a[0] in "xh" and b[0] == "c":  # drivers of columns
            ohms = own.driver_resistance or ohms
        return Switches(name, a, b, every, ohms, own.off_resistance)
