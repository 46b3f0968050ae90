"""The system model: powers are constant within a step, registers are their exact integral, at any instant."""

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from envoy_simulator.design import Design
from envoy_simulator.powers import StepTime, mean_rates, powers
from envoy_simulator.state import State, capacity, charge_registers, registers_after, site_of, state_of
from envoy_simulator.weather import DAY, sun

_LANDMARK_INTERVAL = 256
"""Steps from one kept step to the next; the steps between them are computed again when needed."""

_KEPT_RECENT = 4096

_WEATHER_SPEED = 8.0
"""The maximum factor on the speed of clouds in a shortened day: a cloud of four minutes passes in half a minute."""

_BRIGHT_MORNING = 1_716_967_800.0
"""The start of a shortened day: half past seven, solar time, on 29 May 2024."""


class Step(NamedTuple):
    """Registers when the step begins, and the rates at which they count until it ends."""

    counts: tuple[int, ...]
    rates: tuple[int, ...]


class SystemModel:
    """Deterministic from (design, seed, start, day): `at` is a pure function of time that caches its work.

    `start`: seconds since 1970. `day`: seconds from one sunrise to the next; the clock is not changed, so registers
    count joules of real seconds. `step`: seconds for which powers are constant. Before `start` the system ran at its
    mean powers since it was built, from which the registers at `start` result.
    """

    def __init__(
        self, design: Design, *, seed: int = 0, start: float, day: float = DAY, step: float | None = None
    ) -> None:
        self.design = design
        self.seed = seed
        self.start = start
        self.day = day
        self._begin = round(start * 1000)
        self._length = round(1000 * (step if step is not None else min(60.0, max(1.0, day / 1440))))
        self._means = mean_rates(design, seed)
        self._first_counts = tuple(rate * design.age * 1000 for rate in self._means)
        self._first_charged, self._first_discharged = charge_registers(design, self._first_counts)
        self._landmarks: list[tuple[int, ...]] = []
        self._recent: dict[int, Step] = {}
        self._furthest: tuple[int, Step] | None = None
        self._lock = Lock()

    def at(self, time: float) -> State:
        """The system at an instant, seconds since 1970."""
        rates, counts = self._registers(time)
        return state_of(self.design, time, rates, counts, self._stored(counts, time))

    def site_at(self, time: float) -> State:
        """`at` without the inverters, which is faster for many instants."""
        rates, counts = self._registers(time)
        return site_of(self.design, time, rates, counts, self._stored(counts, time))

    def inverter_at(self, number: int, time: float) -> int:
        """The energy that one inverter has produced, in microjoules; faster than `at` for many instants."""
        return self._registers(time)[1][number]

    def is_light(self, time: float) -> bool:
        return sun(self.design.latitude, self.design.longitude, self.sun_time(time)).up > 0

    def sun_time(self, time: float) -> float:
        """The time for the sun and the habits of a day: the time of the clock, unless the day is shortened."""
        if self.day == DAY:
            return time
        morning = _BRIGHT_MORNING - self.design.longitude * 240
        return morning + (time - self.start) * DAY / self.day

    def _weather_time(self, time: float) -> float:
        """The time for clouds and appliances: faster in a shortened day, but slow enough to observe."""
        return time if self.day == DAY else _BRIGHT_MORNING + (time - self.start) * min(DAY / self.day, _WEATHER_SPEED)

    def _registers(self, time: float) -> tuple[Sequence[int], Sequence[int]]:
        """The rate and the count of every register."""
        elapsed = round(time * 1000) - self._begin
        if elapsed < 0:
            since_built = max(0, self.design.age * 1000 + elapsed)
            return self._means, tuple(rate * since_built for rate in self._means)
        number, into = divmod(elapsed, self._length)
        with self._lock:
            step = self._step(number)
        return step.rates, registers_after(step.rates, into, step.counts)

    def _stored(self, counts: Sequence[int], time: float) -> list[int]:
        """Nanojoules in every battery: the first charge, plus charged, minus discharged since the start."""
        batteries = self.design.batteries
        stored = [capacity(battery.capacity_watt_hours) * battery.first_charge // 100 for battery in batteries]
        if time < self.start:
            return stored
        charged, discharged = charge_registers(self.design, counts)
        for number, battery in enumerate(batteries):
            stored[number] += battery.efficiency * (charged[number] - self._first_charged[number])
            stored[number] -= 1000 * (discharged[number] - self._first_discharged[number])
        return stored

    def _step(self, number: int) -> Step:
        """The step, computed from the nearest known step before it."""
        known = self._recent.get(number)
        if known is not None:
            return known
        at, step = self._known_before(number)
        while at < number:
            at += 1
            step = self._computed(at, registers_after(step.rates, self._length, step.counts))
        return step

    def _known_before(self, number: int) -> tuple[int, Step]:
        if self._furthest is None:
            return 0, self._computed(0, self._first_counts)
        if self._furthest[0] <= number:
            return self._furthest
        landmark = number // _LANDMARK_INTERVAL
        at = landmark * _LANDMARK_INTERVAL
        return at, self._computed(at, self._landmarks[landmark])

    def _computed(self, number: int, counts: tuple[int, ...]) -> Step:
        """The step that begins with these registers; cached."""
        began = (self._begin + number * self._length) / 1000
        middle = began + self._length / 2000
        time = StepTime(self.sun_time(middle), self._weather_time(middle))
        flows = powers(self.design, self.seed, time, self._stored(counts, began), self._length)
        step = Step(counts, flows.registers(self.design))
        if number == len(self._landmarks) * _LANDMARK_INTERVAL:
            self._landmarks.append(counts)
        if self._furthest is None or number > self._furthest[0]:
            self._furthest = (number, step)
        self._recent[number] = step
        if len(self._recent) > _KEPT_RECENT:
            del self._recent[next(iter(self._recent))]
        return step
