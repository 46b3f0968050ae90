"""A rejection counts once per document, and is remembered once, however often the documents are read."""

from support.said import BOTH, CT, HALF, eim, listed
from support.shown import Shown

from envoy_exporter.documents import METER_READINGS, METERS, PRODUCTION_JSON, Json


def test_rejected_zero_in_a_document_read_often_counts_once() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    assert shown.count("production", "zero_after_value") == 0
    for poll in range(1, 4):
        shown.clock.turn(60)
        shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        for _ in range(5):
            shown.clock.turn(1)
            assert shown.count("production", "zero_after_value") == poll
            assert "enphase_production_energy_joules_total" not in shown.look()


def test_rejected_zero_in_a_document_that_stays_counts_once() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.look()
    shown.clock.turn(60)
    shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    for _ in range(100):
        shown.clock.turn(10)
        shown.say({METERS: CT})
        assert shown.count("production", "zero_after_value") == 1
        assert "enphase_production_energy_joules_total" not in shown.look(), (
            "one document with a zero does not last, however old it is"
        )


def test_rejected_zero_in_new_documents_for_ten_minutes_is_accepted() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.look()
    for _ in range(11):
        shown.clock.turn(60)
        shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        shown.look()
    assert shown.look().value("enphase_production_energy_joules_total", source="eim") == 0
    assert shown.count("production", "zero_after_value") == 10


def test_lost_phase_counts_once_for_each_collector_of_the_meter() -> None:
    shown = Shown()
    battery: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123"}]}]
    shown.say({METERS: [listed()], METER_READINGS: BOTH, "/ivp/ensemble/inventory": battery})
    assert shown.look().value("enphase_storage_power_watts", source="ct") == 60
    shown.clock.turn(10)
    shown.say({METER_READINGS: HALF})
    for _ in range(3):
        assert "enphase_meter_power_watts" not in shown.look()
        assert "enphase_storage_power_watts" not in shown.look()
        assert [shown.count(name, "phase_lost") for name in ("meters", "batteries")] == [1, 1]


def test_rejections_name_endpoint_rule_and_field() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.look()
    shown.clock.turn(60)
    shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    shown.look()
    assert (PRODUCTION_JSON, "zero_after_value", "whLifetime") in shown.collector.rejections
