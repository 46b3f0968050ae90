"""The system's own promises: what must add up does, and every register is the integral of its power."""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator.bench import NOON_IN_JUNE

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
days_on = st.floats(-3, 1.2, allow_nan=False)
SLOW = settings(max_examples=25, deadline=None)


def together(registers: Iterable[Register]) -> Register:
    return reduce(Register.plus, registers)


@SLOW
@given(systems, days_on)
def test_import_less_export_plus_production_plus_storage_is_the_load_in_power_and_in_every_register(
    system: SystemModel, days: float
) -> None:
    state = system.at(START + days * system.day)
    for phase in state.phases:
        assert together([phase.net.balance, phase.production.balance, phase.storage.balance]) == phase.load
    assert together([state.net.balance, state.production.balance, state.storage.balance]) == state.load


@SLOW
@given(systems, days_on)
def test_a_meter_sees_just_what_its_devices_do(system: SystemModel, days: float) -> None:
    state = system.at(START + days * system.day)
    assert state.production.delivered == together(inverter.produced for inverter in state.inverters)
    assert state.production.received == together(inverter.used for inverter in state.inverters)
    if state.batteries:
        assert state.storage.delivered == together(battery.discharged for battery in state.batteries)
        assert state.storage.received == together(battery.charged for battery in state.batteries)


def test_each_of_three_phases_has_the_inverters_that_are_wired_to_it() -> None:
    system = SystemModel(PROFILES["7.6"].design, start=START)
    state = system.at(START + 500)
    for number, phase in enumerate(state.phases):
        wired = [
            each.produced
            for each, inverter in zip(state.inverters, system.design.inverters, strict=True)
            if inverter.legs == (number,)
        ]
        assert len(wired) == 6
        assert phase.production.delivered == together(wired)


def integral(system: SystemModel, watts: Callable[[State], float], begin: float, seconds: int) -> float:
    """Joules by sampling every second in its middle: no knowledge of steps but that they begin on whole seconds."""
    return sum(watts(system.at(begin + second + 0.5)) for second in range(seconds))


@settings(max_examples=8, deadline=None)
@given(systems, st.floats(0, 1.2), st.integers(200, 900))
def test_every_register_is_the_integral_of_its_power(system: SystemModel, days: float, seconds: int) -> None:
    begin = START + round(days * system.day)
    before, after = system.at(begin), system.at(begin + seconds)

    def holds(watts: Callable[[State], float], joules: Callable[[State], float]) -> None:
        assert joules(after) - joules(before) == pytest.approx(integral(system, watts, begin, seconds), abs=1e-3)

    for phase in range(len(before.phases)):
        holds(lambda s, p=phase: s.phases[p].load.watts, lambda s, p=phase: s.phases[p].load.joules)  # type: ignore[misc]
        for circuit in ("production", "storage", "net"):
            seen = partial(circuit_of, phase, circuit)
            holds(lambda s, seen=seen: max(0.0, seen(s).watts), lambda s, seen=seen: seen(s).delivered.joules)  # type: ignore[misc]
            holds(lambda s, seen=seen: max(0.0, -seen(s).watts), lambda s, seen=seen: seen(s).received.joules)  # type: ignore[misc]


def circuit_of(phase: int, circuit: str, state: State) -> Circuit:
    found: Circuit = getattr(state.phases[phase], circuit)
    return found


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 100_000), st.integers(200, 900))
def test_a_battery_holds_what_went_in_less_a_tenth_less_what_came_out(seed: int, offset: int, seconds: int) -> None:
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
def test_a_battery_stays_between_its_reserve_and_its_brim_and_reaches_both(seed: int) -> None:
    system = SystemModel(PROFILES["8.3"].design, seed=seed, start=START)
    charges = [system.at(START + 600 * count).batteries[1].charge_ratio for count in range(6 * 48)]
    assert min(charges) >= 0.2
    assert max(charges) <= 1.0
    assert max(charges) > 0.95
    assert min(charges) < 0.25


def test_batteries_charge_from_what_is_over_and_discharge_for_what_is_wanted() -> None:
    system = SystemModel(PROFILES["8.3"].design, start=START)
    for count in range(300):
        state = system.at(START + 300 * count)
        spare = state.production.watts - state.load.watts
        assert state.storage.watts * spare <= 0
        assert abs(state.storage.watts) <= 2 * 1280


def test_registers_never_fall() -> None:
    system = SystemModel(PROFILES["8.2"].design, start=START)
    before = system.at(START - 600)
    for count in range(1, 500):
        state = system.at(START - 600 + 173.3 * count)
        for old, new in zip(before.phases, state.phases, strict=True):
            for was, now in ((old.production, new.production), (old.storage, new.storage), (old.net, new.net)):
                assert all(a.total <= b.total for a, b in zip(was, now, strict=True))
        before = state


def test_nothing_jumps_where_the_simulation_begins() -> None:
    system = SystemModel(PROFILES["8.3"].design, start=START)
    before, after = system.at(START - 0.001), system.at(START)
    for old, new in zip(before.inverters, after.inverters, strict=True):
        assert 0 <= new.produced.joules - old.produced.joules < 1
    assert 0 <= after.net.delivered.joules - before.net.delivered.joules < 10


@SLOW
@given(st.lists(st.integers(0, 40_000), min_size=2, max_size=6))
def test_the_order_of_asking_changes_nothing(offsets: list[int]) -> None:
    design = PROFILES["8.3"].design
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system_model, "_KEPT_RECENT", 7)
        patch.setattr(system_model, "_LANDMARK_INTERVAL", 32)
        forgetful = SystemModel(design, seed=4, start=START)
        asked = [forgetful.at(START + offset) for offset in offsets]
    for offset, state in zip(offsets, asked, strict=True):
        assert SystemModel(design, seed=4, start=START).at(START + offset) == state


def test_a_seed_is_a_weather_of_its_own_and_the_same_one_each_time() -> None:
    design = PROFILES["8.3"].design
    first, again, other = (SystemModel(design, seed=seed, start=START).at(START + 3000) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_sun_rises_and_sets_once_in_its_day_and_by_night_inverters_use_a_little() -> None:
    for day in (DAY, 600.0):
        system = SystemModel(PROFILES["8.3"].design, start=START, day=day)
        watts = [system.at(START + day * part / 96).production.watts for part in range(97)]
        light = [power > 0 for power in watts]
        assert sum(a != b for a, b in pairwise(light)) == 2
        assert max(watts) > 3000
        assert {round(power, 3) for power in watts if power <= 0} == {-6.0}


def test_summer_brings_more_than_winter() -> None:
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
