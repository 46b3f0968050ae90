"""However often its documents are shown, a refusal is counted once a document, and what is remembered once too."""

from collections.abc import Mapping

from support.clock import StillClock
from support.documents import information
from support.exposition import Exposition, parsed
from support.gateways import by_hand
from support.said import BOTH, CT, HALF, eim, listed

from envoy_exporter.collector import EnvoyCollector, Snapshot
from envoy_exporter.documents import INFO, METER_READINGS, METERS, PRODUCTION_JSON, Document, Documents, Json
from envoy_exporter.subsystems.subsystem import Settings
from envoy_exporter.web.exposition import Format


class Shown:
    """A collector that is given documents, each with its own time of asking."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.collector = EnvoyCollector(by_hand(self.clock), Settings(), self.clock)
        self._documents: dict[str, Document] = {}

    def say(self, said: Mapping[str, Json]) -> None:
        """Newer documents; the others stay."""
        for name, content in {INFO: information(time=str(int(self.clock.time()))), **said}.items():
            self._documents[name] = Document(content, asked=self.clock.time())

    def look(self) -> Exposition:
        snapshot = Snapshot(
            answering=True,
            authenticated=True,
            token=None,
            documents=Documents(dict(self._documents)),
            wanted={},
            requests={},
            failures={},
            trouble=None,
            version=0,
            until=0.0,
        )
        return parsed(Format.TEXT.render(self.collector.families(snapshot)).decode())

    def count(self, collector: str, rule: str) -> float:
        return self.look().value("enphase_data_rejected_total", collector=collector, rule=rule)


def test_a_zero_is_counted_once_a_document_however_often_it_is_looked_at() -> None:
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


def test_a_document_that_stays_while_others_are_new_is_not_counted_again() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.look()
    shown.clock.turn(60)
    shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    for _ in range(100):
        shown.clock.turn(10)
        shown.say({METERS: CT})
        assert shown.count("production", "zero_after_value") == 1
        assert "enphase_production_energy_joules_total" not in shown.look(), "one zero has not lasted, however old"


def test_a_zero_that_lasts_in_new_documents_is_shown() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.look()
    for _ in range(11):
        shown.clock.turn(60)
        shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
        shown.look()
    assert shown.look().value("enphase_production_energy_joules_total", source="eim") == 0
    assert shown.count("production", "zero_after_value") == 10


def test_a_lost_phase_is_one_refusal_of_each_who_reads_the_meter() -> None:
    shown = Shown()
    battery: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123"}]}]
    shown.say({METERS: [listed()], METER_READINGS: BOTH, "/ivp/ensemble/inventory": battery})
    assert shown.look().value("enphase_storage_power_watts", source="ct") == 60
    shown.clock.turn(10)
    shown.say({METER_READINGS: HALF})
    for _ in range(3):
        assert "enphase_meter_power_watts" not in shown.look()
        assert "enphase_storage_power_watts" not in shown.look()
        assert [shown.count(each, "phase_lost") for each in ("meters", "batteries")] == [1, 1]


def test_what_was_refused_is_named_with_its_field() -> None:
    shown = Shown()
    shown.say({METERS: CT, PRODUCTION_JSON: {"production": [eim(1000.0)]}})
    shown.look()
    shown.clock.turn(60)
    shown.say({PRODUCTION_JSON: {"production": [eim(0.0)]}})
    shown.look()
    assert (PRODUCTION_JSON, "zero_after_value", "whLifetime") in shown.collector.refused
