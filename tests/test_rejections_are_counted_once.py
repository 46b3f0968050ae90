"""However often its documents are shown, a rejection is counted once a document, and what is remembered once too."""

from support.collector_harness import CollectorHarness
from support.document_contents import BOTH, CT, HALF, eim, listed

from envoy_exporter.documents import METER_READINGS, METERS, PRODUCTION_JSON, Json


def test_a_zero_is_counted_once_a_document_however_often_it_is_looked_at() -> None:
    shown = CollectorHarness()
    shown.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    assert shown.count("production", "zero_after_value") == 0
    for poll in range(1, 4):
        shown.clock.advance(60)
        shown.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        for _ in range(5):
            shown.clock.advance(1)
            assert shown.count("production", "zero_after_value") == poll
            assert "enphase_production_energy_joules_total" not in shown.exposition()


def test_a_document_that_stays_while_others_are_new_is_not_counted_again() -> None:
    shown = CollectorHarness()
    shown.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.exposition()
    shown.clock.advance(60)
    shown.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    for _ in range(100):
        shown.clock.advance(10)
        shown.set_documents({METERS: CT})
        assert shown.count("production", "zero_after_value") == 1
        assert "enphase_production_energy_joules_total" not in shown.exposition(), (
            "one zero has not lasted, however old"
        )


def test_a_zero_that_lasts_in_new_documents_is_shown() -> None:
    shown = CollectorHarness()
    shown.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.exposition()
    for _ in range(11):
        shown.clock.advance(60)
        shown.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        shown.exposition()
    assert shown.exposition().value("enphase_production_energy_joules_total", source="eim") == 0
    assert shown.count("production", "zero_after_value") == 10


def test_a_lost_phase_is_one_rejection_of_each_who_reads_the_meter() -> None:
    shown = CollectorHarness()
    battery: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123"}]}]
    shown.set_documents({METERS: [listed()], METER_READINGS: BOTH, "/ivp/ensemble/inventory": battery})
    assert shown.exposition().value("enphase_storage_power_watts", source="ct") == 60
    shown.clock.advance(10)
    shown.set_documents({METER_READINGS: HALF})
    for _ in range(3):
        assert "enphase_meter_power_watts" not in shown.exposition()
        assert "enphase_storage_power_watts" not in shown.exposition()
        assert [shown.count(each, "phase_lost") for each in ("meters", "batteries")] == [1, 1]


def test_what_was_rejected_is_named_with_its_field() -> None:
    shown = CollectorHarness()
    shown.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.exposition()
    shown.clock.advance(60)
    shown.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    shown.exposition()
    assert (PRODUCTION_JSON, "zero_after_value", "whLifetime") in shown.collector.rejections
