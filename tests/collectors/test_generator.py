"""A generator: exposed only if it is configured, with its state, limits and exercise schedule."""

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import generator
from envoy_exporter.collectors.generator import Generator, GeneratorExercise, GeneratorInfo
from envoy_exporter.documents import GENERATOR, GENERATOR_CONFIG, GENERATOR_MODE, GENERATOR_SCHEDULE, Json

CONFIG: dict[str, Json] = {
    "max_cont_gen_amps": 58.3,
    "name_plate_rating_wat": 14.0,
    "start_method": "Auto",
    "gen_type": "Standby",
    "model": "G007223-0",
    "manufacturer": "Generac",
}

RUNNING: dict[str, Json] = {
    "admin_state": "close",
    "oper_state": "close",
    "admin_mode": 2,
    "start_soc": 100,
    "stop_soc": -1,
    "exc_on": 0,
    "present": 1,
}

NONE: Json = {
    "admin_state": "unknown",
    "oper_state": "open",
    "start_soc": 100,
    "stop_soc": -1,
    "exc_on": 0,
    "present": 1,
}


def with_generator(config: Json = CONFIG, **live: Json) -> dict[str, Json]:
    return {GENERATOR_CONFIG: config, GENERATOR: {**RUNNING, **live}}


@pytest.mark.parametrize("config", [{}, {"err": "404 - Not Found"}, {"error": "404 - Not Found"}, {"?": "?"}, None, []])
def test_generator_without_a_configuration_is_not_exposed(config: Json) -> None:
    """7.3.517: `present` is 1, and `gen_config` is empty."""
    assert read(generator.COLLECTOR, {GENERATOR_CONFIG: config, GENERATOR: NONE}).readings == ()


def test_generator_that_runs_has_its_values() -> None:
    """8.2.127_with_generator_running: it starts at any charge; -1 means that no charge stops it."""
    result = read(generator.COLLECTOR, with_generator())
    running = one(Generator, result)
    assert (running.running, running.commanded, running.start, running.stop) == (True, True, 1.0, None)
    assert running.exercise_running == 0
    assert result.rejections == ()
    info = GeneratorInfo(manufacturer="Generac", model="G007223-0", type="Standby", start_method="Auto")
    assert one(GeneratorInfo, result) == info


def test_generator_that_is_stopped_may_have_an_unknown_command() -> None:
    reading = one(
        Generator,
        read(generator.COLLECTOR, with_generator(oper_state="open", admin_state="unknown", start_soc=30, stop_soc=70)),
    )
    assert (reading.running, reading.commanded, reading.start, reading.stop) == (False, None, 0.3, 0.7)


def test_generator_rating_is_converted_from_kilowatts() -> None:
    """The name of the field suggests watts."""
    assert one(Generator, read(generator.COLLECTOR, with_generator())).rated_power == 14_000


def test_generator_rating_out_of_range_is_rejected() -> None:
    """The value of a firmware that reported watts would become 14 MW."""
    result = read(generator.COLLECTOR, with_generator({**CONFIG, "name_plate_rating_wat": 14_000}))
    assert one(Generator, result).rated_power is None
    assert (GENERATOR_CONFIG, "range", "name_plate_rating_wat") in result.rejections


@pytest.mark.parametrize("stop", [-2, 101, 255])
def test_generator_charge_out_of_range_is_rejected(stop: int) -> None:
    result = read(generator.COLLECTOR, with_generator(stop_soc=stop))
    assert one(Generator, result).stop is None
    assert (GENERATOR, "range", "stop_soc") in result.rejections


def test_generator_exercise_schedule_is_in_seconds() -> None:
    schedule: Json = {"exercise_config": {"freq_in_weeks": 2, "start": 750, "duration": 30, "day": "Sun"}}
    result = read(generator.COLLECTOR, {**with_generator(exc_on=1), GENERATOR_SCHEDULE: schedule})
    values = one(Generator, result)
    assert (values.exercise_running, values.exercise_interval, values.exercise_duration) == (1, 14 * 86_400, 1_800)
    assert (values.exercise_start, one(GeneratorExercise, result).day) == (12.5 * 3600, "Sun")


@pytest.mark.parametrize("start", [-1, 1441, "12:30"])
def test_generator_exercise_start_outside_the_day_is_rejected(start: Json) -> None:
    schedule: Json = {"exercise_config": {"start": start}}
    result = read(generator.COLLECTOR, {**with_generator(), GENERATOR_SCHEDULE: schedule})
    assert one(Generator, result).exercise_start is None
    assert of(GeneratorExercise, result) == []
    assert [rejection.key for rejection in result.rejections] == ["start"]


def test_generator_mode_is_read_from_its_own_document() -> None:
    assert (
        one(Generator, read(generator.COLLECTOR, {**with_generator(), GENERATOR_MODE: {"gen_cmd": "auto"}})).mode
        == "auto"
    )
    assert one(Generator, read(generator.COLLECTOR, with_generator())).mode is None


def test_generator_without_its_state_document_has_its_settings() -> None:
    result = read(generator.COLLECTOR, {GENERATOR_CONFIG: CONFIG})
    assert len(of(GeneratorInfo, result)) == 1
    reading = one(Generator, result)
    assert (reading.running, reading.start, reading.rated_power) == (None, None, 14_000)
