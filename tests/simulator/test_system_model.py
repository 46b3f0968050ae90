"""The system model: powers and registers add up, and every register is the integral of its power."""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator.helpers import NOON_IN_JUNE

from envoy_simulator import PROFILES, system_model
from envoy_simulator.state import Circuit, Register, State
from envoy_simulator.system_model import SystemModel

pytestmark = pytest.mark.integration

DAY = 86400.0
START = NOON_IN_JUNE

systems = st.builds(
    lambda name, seed, day: SystemModel(PROFILES[name].design, seed=seed, start=START, day=day),
    st.sampled_from(["4.10", "7.3", "7.6", "8.2", "8.3"]),
    st.integers(0, 2**32),
    st.sampled_from([DAY, 600.0]),
)
days_later = st.floats(-3, 1.2, allow_nan=False)
SLOW = settings(max_examples=25, deadline=None)


def total(registers: Iterable[Register]) -> Register:
    return reduce(Register.plus, registers)


@SLOW
@given(systems, days_later)
def test_powers_and_registers_add_up_to_the_load(system: SystemModel, days: float) -> None:
    state = system.at(START + days * system.day)
    for phase in state.phases:
        assert total([phase.net.balance, phase.production.balance, phase.storage.balance]) == phase.load
    assert total([state.net.balance, state.production.balance, state.storage.balance]) == state.load


@SLOW
@given(systems, days_later)
def test_circuits_are_the_sum_of_their_devices(system: SystemModel, days: float) -> None:
    state = system.at(START + days * system.day)
    assert state.production.delivered == total(inverter.produced for inverter in state.inverters)
    assert state.production.received == total(inverter.used for inverter in state.inverters)
    if state.batteries:
        assert state.storage.delivered == total(battery.discharged for battery in state.batteries)
        assert state.storage.received == total(battery.charged for battery in state.batteries)


def test_phase_production_is_the_sum_of_its_inverters() -> None:
    system = SystemModel(PROFILES["7.6"].design, start=START)
    state = system.at(START + 500)
    for number, phase in enumerate(state.phases):
        wired = [
            measured.produced
            for measured, inverter in zip(state.inverters, system.design.inverters, strict=True)
            if inverter.legs == (number,)
        ]
        assert len(wired) == 6
        assert phase.production.delivered == total(wired)


def integral(system: SystemModel, watts: Callable[[State], float], begin: float, seconds: int) -> float:
    """Joules, from a sample in the middle of every second; steps begin on whole seconds."""
    return sum(watts(system.at(begin + second + 0.5)) for second in range(seconds))


@settings(max_examples=8, deadline=None)
@given(systems, st.floats(0, 1.2), st.integers(200, 900))
def test_register_is_the_integral_of_its_power(system: SystemModel, days: float, seconds: int) -> None:
    begin = START + round(days * system.day)
    before, after = system.at(begin), system.at(begin + seconds)

    def holds(watts: Callable[[State], float], joules: Callable[[State], float]) -> None:
        assert joules(after) - joules(before) == pytest.approx(integral(system, watts, begin, seconds), abs=1e-3)

    for phase in range(len(before.phases)):
        holds(lambda s, p=phase: s.phases[p].load.watts, lambda s, p=phase: s.phases[p].load.joules)  # type: ignore[misc]
        for circuit in ("production", "storage", "net"):
            flow = partial(circuit_of, phase, circuit)
            holds(lambda s, flow=flow: max(0.0, flow(s).watts), lambda s, flow=flow: flow(s).delivered.joules)  # type: ignore[misc]
            holds(lambda s, flow=flow: max(0.0, -flow(s).watts), lambda s, flow=flow: flow(s).received.joules)  # type: ignore[misc]


def circuit_of(phase: int, circuit: str, state: State) -> Circuit:
    value: Circuit = getattr(state.phases[phase], circuit)
    return value


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 100_000), st.integers(200, 900))
def test_battery_loses_a_tenth_of_the_charged_energy(seed: int, offset: int, seconds: int) -> None:
    system = SystemModel(PROFILES["8.2"].design, seed=seed, start=START)
    begin = START + offset
    before, after = system.at(begin), system.at(begin + seconds)
    for number in range(5):
        into = integral(system, lambda s, n=number: max(0.0, -s.batteries[n].watts), begin, seconds)  # type: ignore[misc]
        out = integral(system, lambda s, n=number: max(0.0, s.batteries[n].watts), begin, seconds)  # type: ignore[misc]
        stored = after.batteries[number].stored_joules - before.batteries[number].stored_joules
        assert stored == pytest.approx(0.9 * into - out, abs=1e-3)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32))
def test_battery_charge_reaches_reserve_and_capacity(seed: int) -> None:
    system = SystemModel(PROFILES["8.3"].design, seed=seed, start=START)
    charges = [system.at(START + 600 * count).batteries[1].charge_ratio for count in range(6 * 48)]
    assert min(charges) >= 0.2
    assert max(charges) <= 1.0
    assert max(charges) > 0.95
    assert min(charges) < 0.25


def test_batteries_charge_from_surplus_and_cover_demand() -> None:
    system = SystemModel(PROFILES["8.3"].design, start=START)
    for count in range(300):
        state = system.at(START + 300 * count)
        surplus = state.production.watts - state.load.watts
        assert state.storage.watts * surplus <= 0
        assert abs(state.storage.watts) <= 2 * 1280


def test_registers_never_decrease() -> None:
    system = SystemModel(PROFILES["8.2"].design, start=START)
    before = system.at(START - 600)
    for count in range(1, 500):
        state = system.at(START - 600 + 173.3 * count)
        for old, new in zip(before.phases, state.phases, strict=True):
            for was, now in ((old.production, new.production), (old.storage, new.storage), (old.net, new.net)):
                assert all(a.total <= b.total for a, b in zip(was, now, strict=True))
        before = state


def test_registers_are_continuous_at_the_start() -> None:
    system = SystemModel(PROFILES["8.3"].design, start=START)
    before, after = system.at(START - 0.001), system.at(START)
    for old, new in zip(before.inverters, after.inverters, strict=True):
        assert 0 <= new.produced.joules - old.produced.joules < 1
    assert 0 <= after.net.delivered.joules - before.net.delivered.joules < 10


@SLOW
@given(st.lists(st.integers(0, 40_000), min_size=2, max_size=6))
def test_states_do_not_depend_on_the_order_of_calls(offsets: list[int]) -> None:
    design = PROFILES["8.3"].design
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system_model, "_KEPT_RECENT", 7)
        patch.setattr(system_model, "_LANDMARK_INTERVAL", 32)
        small_cache = SystemModel(design, seed=4, start=START)
        states = [small_cache.at(START + offset) for offset in offsets]
    for offset, state in zip(offsets, states, strict=True):
        assert SystemModel(design, seed=4, start=START).at(START + offset) == state


def test_seed_determines_the_weather() -> None:
    design = PROFILES["8.3"].design
    first, again, other = (SystemModel(design, seed=seed, start=START).at(START + 3000) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_sun_rises_once_a_day_and_inverters_use_power_at_night() -> None:
    for day in (DAY, 600.0):
        system = SystemModel(PROFILES["8.3"].design, start=START, day=day)
        watts = [system.at(START + day * part / 96).production.watts for part in range(97)]
        light = [power > 0 for power in watts]
        assert sum(a != b for a, b in pairwise(light)) == 2
        assert max(watts) > 3000
        assert {round(power, 3) for power in watts if power <= 0} == {-6.0}


def test_production_in_summer_exceeds_winter() -> None:
    design = PROFILES["7.3"].design
    joules = []
    for start in (NOON_IN_JUNE, NOON_IN_JUNE + 182 * DAY):
        days = [SystemModel(design, seed=seed, start=start) for seed in range(4)]
        joules.append(
            sum(p.at(start + DAY).production.delivered.joules - p.at(start).production.delivered.joules for p in days)
        )
    assert joules[0] > 3 * joules[1]


def test_power_is_constant_within_a_step() -> None:
    system = SystemModel(PROFILES["8.3"].design, start=START, step=5.0)
    powers = [[system.at(START + 5 * step + part).load.rate for part in (0, 1.7, 4.999)] for step in range(50)]
    assert all(len(set(step)) == 1 for step in powers)
    assert len({step[0] for step in powers}) > 40
