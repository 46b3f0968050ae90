"""A rejection counts once per document, and is remembered once, however often the documents are read."""

from support.collector_harness import CollectorHarness
from support.document_contents import BOTH, CT, HALF, eim, listed

from envoy_exporter.documents import METER_READINGS, METERS, PRODUCTION_JSON, Json


def test_rejected_zero_in_a_document_read_often_counts_once() -> None:
    harness = CollectorHarness()
    harness.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    assert harness.count("production", "zero_after_value") == 0
    for poll in range(1, 4):
        harness.clock.advance(60)
        harness.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        for _ in range(5):
            harness.clock.advance(1)
            assert harness.count("production", "zero_after_value") == poll
            assert "enphase_production_energy_joules_total" not in harness.exposition()


def test_rejected_zero_in_a_document_that_stays_counts_once() -> None:
    harness = CollectorHarness()
    harness.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    harness.exposition()
    harness.clock.advance(60)
    harness.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    for _ in range(100):
        harness.clock.advance(10)
        harness.set_documents({METERS: CT})
        assert harness.count("production", "zero_after_value") == 1
        assert "enphase_production_energy_joules_total" not in harness.exposition(), (
            "one document with a zero does not last, however old it is"
        )


def test_rejected_zero_in_new_documents_for_ten_minutes_is_accepted() -> None:
    harness = CollectorHarness()
    harness.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    harness.exposition()
    for _ in range(11):
        harness.clock.advance(60)
        harness.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        harness.exposition()
    assert harness.exposition().value("enphase_production_energy_joules_total", source="eim") == 0
    assert harness.count("production", "zero_after_value") == 10


def test_lost_phase_counts_once_for_each_collector_of_the_meter() -> None:
    harness = CollectorHarness()
    battery: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123"}]}]
    harness.set_documents({METERS: [listed()], METER_READINGS: BOTH, "/ivp/ensemble/inventory": battery})
    assert harness.exposition().value("enphase_storage_power_watts", source="ct") == 60
    harness.clock.advance(10)
    harness.set_documents({METER_READINGS: HALF})
    for _ in range(3):
        assert "enphase_meter_power_watts" not in harness.exposition()
        assert "enphase_storage_power_watts" not in harness.exposition()
        assert [harness.count(name, "phase_lost") for name in ("meters", "batteries")] == [1, 1]


def test_rejections_name_endpoint_rule_and_field() -> None:
    harness = CollectorHarness()
    harness.set_documents({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    harness.exposition()
    harness.clock.advance(60)
    harness.set_documents({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    harness.exposition()
    assert (PRODUCTION_JSON, "zero_after_value", "whLifetime") in harness.collector.rejections
