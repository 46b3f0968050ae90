"""A generator: there if it was set up, whether it runs, and when it would."""

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


def told(config: Json = CONFIG, **live: Json) -> dict[str, Json]:
    return {GENERATOR_CONFIG: config, GENERATOR: {**RUNNING, **live}}


@pytest.mark.parametrize("config", [{}, {"err": "404 - Not Found"}, {"error": "404 - Not Found"}, {"?": "?"}, None, []])
def test_without_a_setup_there_is_no_generator_though_it_is_said_to_be_present(config: Json) -> None:
    """7.3.517: `present` is 1, and `gen_config` empty."""
    assert read(generator.COLLECTOR, {GENERATOR_CONFIG: config, GENERATOR: NONE}).readings == ()


def test_a_generator_that_runs() -> None:
    """8.2.127_with_generator_running: it is to start at any charge, and -1 is no charge at which it stops."""
    found = read(generator.COLLECTOR, told())
    running = one(Generator, found)
    assert (running.running, running.commanded, running.start, running.stop) == (True, True, 1.0, None)
    assert running.exercise_running == 0
    assert found.rejections == ()
    info = GeneratorInfo(manufacturer="Generac", model="G007223-0", type="Standby", start_method="Auto")
    assert one(GeneratorInfo, found) == info


def test_a_generator_that_stands_still_and_does_not_know_what_it_was_told() -> None:
    still = one(
        Generator, read(generator.COLLECTOR, told(oper_state="open", admin_state="unknown", start_soc=30, stop_soc=70))
    )
    assert (still.running, still.commanded, still.start, still.stop) == (False, None, 0.3, 0.7)


def test_its_rating_is_in_kilowatts_whatever_the_field_is_called() -> None:
    assert one(Generator, read(generator.COLLECTOR, told())).rated_power == 14_000


def test_a_rating_that_would_light_a_town_is_rejected() -> None:
    """A firmware that gave watts after all would make 14 MW of it."""
    found = read(generator.COLLECTOR, told({**CONFIG, "name_plate_rating_wat": 14_000}))
    assert one(Generator, found).rated_power is None
    assert (GENERATOR_CONFIG, "range", "name_plate_rating_wat") in found.rejections


@pytest.mark.parametrize("stop", [-2, 101, 255])
def test_a_charge_that_is_none_is_rejected(stop: int) -> None:
    found = read(generator.COLLECTOR, told(stop_soc=stop))
    assert one(Generator, found).stop is None
    assert (GENERATOR, "range", "stop_soc") in found.rejections


def test_it_exercises_every_other_week_for_half_an_hour() -> None:
    schedule: Json = {"exercise_config": {"freq_in_weeks": 2, "start": 750, "duration": 30, "day": "Sun"}}
    said = read(generator.COLLECTOR, {**told(exc_on=1), GENERATOR_SCHEDULE: schedule})
    found = one(Generator, said)
    assert (found.exercise_running, found.exercise_interval, found.exercise_duration) == (1, 14 * 86_400, 1_800)
    assert (found.exercise_start, one(GeneratorExercise, said).day) == (12.5 * 3600, "Sun")


@pytest.mark.parametrize("start", [-1, 1441, "12:30"])
def test_an_exercise_begins_within_its_day(start: Json) -> None:
    schedule: Json = {"exercise_config": {"start": start}}
    found = read(generator.COLLECTOR, {**told(), GENERATOR_SCHEDULE: schedule})
    assert one(Generator, found).exercise_start is None
    assert of(GeneratorExercise, found) == []
    assert [each.key for each in found.rejections] == ["start"]


def test_its_mode_is_a_document_of_its_own() -> None:
    assert one(Generator, read(generator.COLLECTOR, {**told(), GENERATOR_MODE: {"gen_cmd": "auto"}})).mode == "auto"
    assert one(Generator, read(generator.COLLECTOR, told())).mode is None


def test_what_is_set_is_known_while_the_generator_itself_is_silent() -> None:
    found = read(generator.COLLECTOR, {GENERATOR_CONFIG: CONFIG})
    assert len(of(GeneratorInfo, found)) == 1
    silent = one(Generator, found)
    assert (silent.running, silent.start, silent.rated_power) == (None, None, 14_000)
