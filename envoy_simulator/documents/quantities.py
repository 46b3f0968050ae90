"""The quantities that a meter measures on a conductor, in the units of the gateway's documents."""

from dataclasses import dataclass
from functools import reduce
from math import hypot

from envoy_simulator.documents.moment import Moment
from envoy_simulator.profiles import BACKFEED, NET, PRODUCTION, STORAGE, TOTAL
from envoy_simulator.state import Circuit, PhaseState, Register, State


@dataclass(frozen=True, slots=True)
class Quantities:
    """Registers in Wh, VAh and varh; present values in W, VA, var, V, A and Hz."""

    delivered: float
    received: float
    apparent_energy: float
    lagging: float
    leading: float
    watts: float
    apparent: float
    reactive: float
    volts: float
    amperes: float
    hertz: float

    @property
    def balance(self) -> float:
        return self.delivered - self.received

    @property
    def power_factor(self) -> float:
        return self.watts / self.apparent if self.apparent else 0.0

    def plus(self, other: "Quantities") -> "Quantities":
        """The sum of two phases. Volts add up too, as a multi-phase CT reports them (8.2.4264_metered_noct)."""
        return Quantities(
            self.delivered + other.delivered,
            self.received + other.received,
            self.apparent_energy + other.apparent_energy,
            self.lagging + other.lagging,
            self.leading + other.leading,
            self.watts + other.watts,
            self.apparent + other.apparent,
            self.reactive + other.reactive,
            self.volts + other.volts,
            self.amperes + other.amperes,
            self.hertz,
        )


_NO_CIRCUIT = Circuit(*[Register(0, 0)] * 5)
NOTHING = Quantities(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def quantities_of(circuit: Circuit, volts: float, hertz: float) -> Quantities:
    apparent = circuit.apparent.watts
    return Quantities(
        delivered=circuit.delivered.watt_hours,
        received=circuit.received.watt_hours,
        apparent_energy=circuit.apparent.watt_hours,
        lagging=circuit.lagging.watt_hours,
        leading=circuit.leading.watt_hours,
        watts=circuit.watts,
        apparent=apparent,
        reactive=circuit.reactive.watts,
        volts=volts,
        amperes=apparent / volts,
        hertz=hertz,
    )


def by_phase(moment: Moment, meter: str, state: State) -> list[Quantities]:
    """The phases of a meter. Voltage and frequency are those of the moment, also with an earlier state."""
    hertz = moment.grid.frequency(moment.time)
    return [
        quantities_of(circuit_of(meter, state, phase), moment.grid.voltage(phase, moment.time), hertz)
        for phase in range(len(state.phases))
    ]


def circuit_of(meter: str, state: State, phase: int) -> Circuit:
    """The circuit of production, net-consumption, storage or total-consumption, as `/ivp/meters` names them.

    A combiner's backfeed seems to be the power of the batteries on the first leg (8.3.1598_collar).
    """
    circuits = state.phases[phase]
    if meter == BACKFEED:
        return circuits.storage if phase == 0 else _NO_CIRCUIT
    if meter == TOTAL:
        return _load(circuits)
    return {PRODUCTION: circuits.production, NET: circuits.net, STORAGE: circuits.storage}[meter]


def _load(circuits: PhaseState) -> Circuit:
    """A CT on the load only. It counts no apparent energy (8.3.5433_tot_is_net_cons: 0.024 VAh of 20 MWh)."""
    whole = circuits.production.plus(circuits.storage).plus(circuits.net)
    apparent = round(hypot(circuits.load.rate, whole.reactive.rate))
    return Circuit(circuits.load, Register(0, 0), Register(apparent, 0), whole.lagging, whole.leading)


def total_of(phases: list[Quantities]) -> Quantities:
    return reduce(Quantities.plus, phases)
