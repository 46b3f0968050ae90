"""When a document is due, how long it can be read, and what a gateway that fails is spared. No gateway is asked."""

from random import Random

import pytest

from envoy_exporter import documents
from envoy_exporter.gateway.endpoint_cache import EndpointCache
from envoy_exporter.transport.errors import InvalidResponse, NoResponse, RequestError

RANDOM = Random(1)
READERS = frozenset({"identity", "production", "meters", "inverters", "batteries"})
INFO: documents.Json = {"device": {"sn": "122012345678", "software": "D8.3.5169", "imeter": "true"}}
METER: documents.Json = {"eid": 1, "state": "enabled", "measurementType": "production", "phaseCount": 1}


SITE: documents.Json = {"production": [{"type": "eim", "activeCount": 1}]}
DEVICES: documents.Json = {"1": {"devName": "pcu"}}


class Cache:
    """The newest value of a cache, changed by one method of it after another."""

    def __init__(self, min_interval: float = 10.0, **maximum_ages: float) -> None:
        self.value = EndpointCache.empty(READERS, min_interval, maximum_ages)

    def ask(self, name: str, now: float, content: documents.Json) -> None:
        self.requesting(name, now)
        self.value = self.value.answered(name, content, requested_at=now, duration=0.1)

    def requesting(self, name: str, now: float) -> None:
        self.value = self.value.requesting(name, now)

    def failed(self, name: str, error: RequestError, now: float, duration: float, *, hung: bool = False) -> None:
        jitter = RANDOM.uniform(1.0, 1.2)
        self.value = self.value.failed(name, error, now, duration, hung=hung, jitter=jitter)

    def missing(self, name: str, now: float) -> bool:
        self.value, gone = self.value.not_available(name, "HTTP 404", now, 0.1)
        return gone

    def scraped(self, now: float) -> bool:
        """Whether documents last less long than before."""
        before, self.value = self.value, self.value.scraped(now)
        return self.value.least_grace < before.least_grace


def store(min_interval: float = 10.0, **maximum_ages: float) -> Cache:
    return Cache(min_interval, **maximum_ages)


def ask(store: Cache, name: str, now: float, content: documents.Json) -> None:
    store.ask(name, now, content)


def a_plant(store: Cache, now: float) -> None:
    """A metered gateway has said what it is."""
    ask(store, documents.INFO, now, INFO)
    ask(store, documents.METERS, now, [METER])
    ask(store, documents.METER_READINGS, now, [])
    ask(store, documents.PRODUCTION_JSON, now, SITE)
    ask(store, documents.DEVICE_DATA, now, DEVICES)
    ask(store, documents.ENSEMBLE_INVENTORY, now, [])
    ask(store, documents.INVENTORY, now, [])
    ask(store, documents.HOME, now, {})


def due(store: Cache, now: float) -> list[str]:
    return [endpoint.name for endpoint in store.value.due_endpoints(now)]


def test_info_goes_first_and_nothing_else_is_known_to_be_wanted() -> None:
    assert due(store(), 0) == [documents.INFO]


def test_the_meters_go_before_all_that_hangs_on_them() -> None:
    asked = store()
    ask(asked, documents.INFO, 0, INFO)
    assert due(asked, 0)[0] == documents.METERS


@pytest.mark.parametrize(
    ("name", "age"),
    [
        (documents.METER_READINGS, 10),
        (documents.PRODUCTION_JSON, 60),
        (documents.DEVICE_DATA, 120),
        (documents.METERS, 300),
        (documents.HOME, 3600),
    ],
)
def test_an_endpoint_is_due_from_one_second_before_its_maximum_age(name: str, age: float) -> None:
    asked = store(min_interval=10)
    a_plant(asked, 100)
    assert name not in due(asked, 100 + age - 1.01)
    assert name in due(asked, 100 + age - 1)


def test_nothing_is_asked_within_min_interval_so_the_worker_holds_for_less_than_a_second() -> None:
    asked = store(min_interval=10)
    a_plant(asked, 100)
    chosen = asked.value.next(109.2)
    assert chosen is not None
    endpoint, hold = chosen
    assert endpoint.name == documents.METER_READINGS
    assert hold == pytest.approx(0.8)


def test_a_long_min_interval_makes_every_age_at_least_as_long() -> None:
    asked = store(min_interval=90)
    a_plant(asked, 0)
    assert due(asked, 88) == []
    assert due(asked, 89) == [documents.METER_READINGS, documents.PRODUCTION_JSON]


def test_the_config_may_give_a_collector_s_endpoints_another_age() -> None:
    asked = store(inverters=300)
    a_plant(asked, 0)
    assert documents.DEVICE_DATA not in due(asked, 298)
    assert documents.DEVICE_DATA in due(asked, 299)


@pytest.mark.parametrize("guest", ["batteries", "layout"])
def test_who_only_takes_what_there_is_does_not_set_the_pace(guest: str) -> None:
    """device_data is the inverters' document; AC batteries read it too, whether there are any or not."""
    asked = store(**{guest: 20})
    a_plant(asked, 0)
    assert documents.DEVICE_DATA not in due(asked, 118)
    assert documents.DEVICE_DATA in due(asked, 119)


def test_a_fast_endpoint_that_has_become_due_goes_before_the_next_slow_one() -> None:
    asked = store()
    a_plant(asked, 0)
    assert due(asked, 299)[0] == documents.INFO
    ask(asked, documents.INFO, 299, INFO)
    assert due(asked, 299)[:2] == [documents.METER_READINGS, documents.PRODUCTION_JSON]


def test_a_document_can_be_read_for_its_age_and_a_grace_of_75_seconds() -> None:
    asked = store()
    a_plant(asked, 0)
    assert documents.METER_READINGS in asked.value.readable(10 + 75).available
    assert documents.METER_READINGS not in asked.value.readable(10 + 75.01).available
    assert documents.DEVICE_DATA in asked.value.readable(120 + 120).available
    assert documents.DEVICE_DATA not in asked.value.readable(120 + 120.01).available


def test_rare_scrapes_make_documents_last_two_intervals() -> None:
    asked = store()
    for scrape in (0, 200, 400):
        asked.scraped(scrape)
    a_plant(asked, 400)
    assert documents.METER_READINGS in asked.value.readable(400 + 10 + 400).available
    assert documents.METER_READINGS not in asked.value.readable(400 + 10 + 401).available


def test_a_night_without_scrapes_makes_no_document_last_a_night() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.scraped(0)
    asked.scraped(8 * 3600)
    assert asked.value.readable(8 * 3600).available.keys() == set()


def test_a_document_cannot_be_read_once_a_newer_asking_has_failed() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.requesting(documents.METER_READINGS, 10)
    assert documents.METER_READINGS in asked.value.readable(10).available
    asked.failed(documents.METER_READINGS, InvalidResponse("not_json", ""), 10, 0)
    assert documents.METER_READINGS not in asked.value.readable(10).available


def test_what_failed_is_asked_again_later_and_later_but_within_two_minutes_or_so() -> None:
    asked = store(min_interval=10)
    a_plant(asked, 0)
    now, waits = 0.0, []
    for _ in range(8):
        asked.requesting(documents.METER_READINGS, now)
        asked.failed(documents.METER_READINGS, InvalidResponse("not_json", ""), now, 0)
        again = next(t / 10 for t in range(int(now * 10), 100_000) if documents.METER_READINGS in due(asked, t / 10))
        waits.append(again - now)
        now = again
    for wait, least in zip(waits, (10, 20, 40, 80, 120, 120, 120, 120), strict=True):
        assert least <= wait <= least * 1.2 + 0.1


def test_what_hangs_is_asked_less_and_less() -> None:
    asked = store()
    a_plant(asked, 0)
    now, waits = 0.0, []
    for _ in range(6):
        asked.requesting(documents.PRODUCTION_JSON, now)
        asked.failed(documents.PRODUCTION_JSON, NoResponse("timeout", ""), now + 30, 30, hung=True)
        again = next(t for t in range(int(now), 100_000) if documents.PRODUCTION_JSON in due(asked, t))
        waits.append(again - now - 30)
        now = again
    for wait, least in zip(waits, (60, 120, 240, 480, 500, 500), strict=True):
        assert least <= wait <= least * 1.2 + 1


def test_what_is_not_on_the_gateway_is_asked_for_again_after_six_hours() -> None:
    asked = store()
    ask(asked, documents.INFO, 0, INFO)
    asked.requesting(documents.DEVICE_DATA, 0)
    assert asked.missing(documents.DEVICE_DATA, 0)
    assert documents.DEVICE_DATA not in due(asked, 6 * 3600 - 1)
    assert documents.DEVICE_DATA in due(asked, 6 * 3600)


def test_what_has_answered_is_gone_only_after_three_refusals_over_ten_minutes() -> None:
    asked = store()
    a_plant(asked, 0)
    believed = []
    for now in (10, 20, 30, 40, 609, 611):
        asked.requesting(documents.DEVICE_DATA, now)
        believed.append(asked.missing(documents.DEVICE_DATA, now))
    assert believed == [False, False, False, False, False, True]


def test_an_answer_in_between_forgives_the_refusals() -> None:
    asked = store()
    a_plant(asked, 0)
    for now in (10, 20):
        assert not asked.missing(documents.HOME, now)
    ask(asked, documents.HOME, 30, {})
    assert not asked.missing(documents.HOME, 700)


def test_after_an_outage_what_failed_and_what_was_not_there_is_asked_for_at_once() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.requesting(documents.METER_READINGS, 10)
    asked.failed(documents.METER_READINGS, InvalidResponse("not_json", ""), 10, 0)
    asked.requesting(documents.ENSEMBLE_INVENTORY, 10)
    for now in (10, 20, 620):
        asked.missing(documents.ENSEMBLE_INVENTORY, now)
    asked.value = asked.value.recovered()
    assert {documents.METER_READINGS, documents.ENSEMBLE_INVENTORY} <= set(due(asked, 640))


def test_what_is_not_there_stays_so_until_it_is_asked_for_again() -> None:
    """Else a reload within `min_interval` of the asking would call it a failure."""
    asked = store()
    ask(asked, documents.INFO, 0, INFO)
    asked.requesting(documents.DEVICE_DATA, 0)
    asked.missing(documents.DEVICE_DATA, 0)
    asked.value = asked.value.retry_absent()
    assert documents.DEVICE_DATA in asked.value.documents.absent
    assert documents.DEVICE_DATA in due(asked, 10)
    asked.failed(documents.DEVICE_DATA, InvalidResponse("not_json", ""), 10, 0)
    assert documents.DEVICE_DATA not in asked.value.documents.absent


def test_nothing_is_due_in_a_back_off() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.value = asked.value.quiet(500.0)
    assert due(asked, 499) == []
    assert asked.value.until(50) == 85  # a document runs out before anything is due
    assert documents.METER_READINGS in due(asked, 500)


def test_a_scrape_waits_for_what_is_due_but_not_for_slow_ones_that_were_there() -> None:
    asked = store()
    a_plant(asked, 0)
    assert not asked.value.pending(since=5, now=5)
    assert asked.value.pending(since=10, now=10)
    ask(asked, documents.METER_READINGS, 10, [])
    assert not asked.value.pending(since=10, now=10)
    ask(asked, documents.METER_READINGS, 300, [])
    ask(asked, documents.PRODUCTION_JSON, 300, SITE)
    ask(asked, documents.DEVICE_DATA, 300, DEVICES)
    assert due(asked, 300) == [documents.INFO, documents.METERS, documents.ENSEMBLE_INVENTORY, documents.INVENTORY]
    assert not asked.value.pending(since=300, now=300)


def test_a_scrape_waits_for_a_slow_one_that_never_answered() -> None:
    asked = store()
    ask(asked, documents.INFO, 0, INFO)
    assert asked.value.pending(since=0, now=0)


def test_a_scrape_shares_the_request_that_is_on_its_way() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.requesting(documents.METER_READINGS, 10)
    assert asked.value.pending(since=11, now=11)
    asked.value = asked.value.answered(documents.METER_READINGS, [], 10, 2)
    assert not asked.value.pending(since=11, now=12)


FLAPPED: documents.Json = {"production": [{"type": "inverters", "activeCount": 9}, {"type": "eim", "activeCount": 0}]}


def test_a_production_ct_that_is_away_for_one_poll_makes_the_gateway_be_asked_nothing_new() -> None:
    """pyenphase#471: activeCount flips to 0 on 8.3, around 23:05."""
    asked = store()
    a_plant(asked, 0)
    before = [endpoint.name for endpoint in asked.value.required]
    for now, site in ((60.0, FLAPPED), (120.0, SITE), (180.0, FLAPPED), (240.0, SITE)):
        ask(asked, documents.PRODUCTION_JSON, now, site)
        assert [endpoint.name for endpoint in asked.value.required] == before


def test_a_production_ct_that_stays_away_is_missed() -> None:
    asked = store()
    a_plant(asked, 0)
    assert documents.PRODUCTION_V1 not in due(asked, 60)
    for now in (60.0, 120.0):
        ask(asked, documents.PRODUCTION_JSON, now, FLAPPED)
    assert documents.PRODUCTION_V1 in due(asked, 120)


def test_a_gateway_without_a_production_ct_is_asked_at_once_for_what_else_it_has() -> None:
    asked = store()
    ask(asked, documents.INFO, 0, INFO)
    ask(asked, documents.METERS, 0, [])
    ask(asked, documents.PRODUCTION_JSON, 0, FLAPPED)
    assert documents.PRODUCTION_V1 in due(asked, 0)


def test_the_age_of_a_document_counts_from_its_own_asking_and_not_from_a_newer_one_that_is_under_way() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.requesting(documents.METER_READINGS, 30)
    assert asked.value.readable(31).available[documents.METER_READINGS].age == 31


def test_a_document_lasts_from_its_own_asking_and_not_from_a_newer_one_that_is_under_way() -> None:
    asked = store()
    a_plant(asked, 0)
    asked.requesting(documents.METER_READINGS, 80)
    assert documents.METER_READINGS in asked.value.readable(85).available, "ten seconds, and 75 of grace"
    assert documents.METER_READINGS not in asked.value.readable(86).available


def test_however_long_a_poll_takes_nothing_is_asked_twice_unless_somebody_came() -> None:
    asked = store()
    asked.scraped(0)
    a_plant(asked, 0)
    assert documents.METER_READINGS not in due(asked, 25)
    asked.scraped(20)
    assert documents.METER_READINGS in due(asked, 25)


def test_a_collector_that_is_wanted_soon_does_not_hurry_what_is_slow_by_itself() -> None:
    asked = store(production=10.0, batteries=10.0)
    a_plant(asked, 0)
    assert documents.PRODUCTION_JSON in due(asked, 10)
    assert not {documents.INFO, documents.METERS, documents.ENSEMBLE_INVENTORY} & set(due(asked, 200))
    rare = store(production=600.0, inverters=600.0, meters=600.0, batteries=600.0, identity=600.0)
    a_plant(rare, 0)
    assert documents.METERS not in due(rare, 400), "and what is wanted more rarely may be"


def test_documents_last_less_long_once_scrapes_come_closer_again() -> None:
    kept = store()
    assert [kept.scraped(now) for now in (0, 15, 315, 330, 345, 360)] == [False] * 6
    assert kept.scraped(375)
    assert not kept.scraped(390)


IQ_BATTERY: documents.Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "492200000001", "percentFull": 60}]}]
OLD_INFO: documents.Json = {"device": {"sn": "122012345678", "software": "D6.0.0"}}


def with_battery(store: Cache, now: float, info: documents.Json) -> None:
    ask(store, documents.INFO, now, info)
    ask(store, documents.METERS, now, [])
    ask(store, documents.ENSEMBLE_INVENTORY, now, IQ_BATTERY)
    store.requesting(documents.ENSEMBLE_POWER, now)


@pytest.mark.parametrize("info", [INFO, OLD_INFO])
def test_inventory_is_live_while_battery_power_is_not_available(info: documents.Json) -> None:
    asked = store()
    with_battery(asked, 100, info)
    asked.missing(documents.ENSEMBLE_POWER, 100)
    assert documents.ENSEMBLE_INVENTORY not in due(asked, 128.9)
    assert documents.ENSEMBLE_INVENTORY in due(asked, 129)
    assert asked.value.pending(since=110, now=129), "a scrape waits for live data"
    ask(asked, documents.ENSEMBLE_INVENTORY, 129, IQ_BATTERY)
    assert documents.ENSEMBLE_INVENTORY not in due(asked, 157.9)
    assert documents.ENSEMBLE_INVENTORY in due(asked, 158)


@pytest.mark.parametrize(("info", "live"), [(INFO, False), (OLD_INFO, True)])
def test_inventory_is_live_while_battery_power_fails_on_old_firmware(info: documents.Json, live: bool) -> None:
    asked = store()
    with_battery(asked, 100, info)
    asked.failed(documents.ENSEMBLE_POWER, InvalidResponse("not_json", "it is not JSON"), 100, 0.1)
    assert (documents.ENSEMBLE_INVENTORY in due(asked, 129)) is live


def test_inventory_is_slow_again_once_battery_power_answers() -> None:
    asked = store()
    with_battery(asked, 100, INFO)
    asked.missing(documents.ENSEMBLE_POWER, 100)
    assert documents.ENSEMBLE_INVENTORY in due(asked, 129)
    ask(asked, documents.ENSEMBLE_POWER, 129, {"devices:": []})
    ask(asked, documents.ENSEMBLE_INVENTORY, 129, IQ_BATTERY)
    assert documents.ENSEMBLE_INVENTORY not in due(asked, 129 + 298)
    assert documents.ENSEMBLE_INVENTORY in due(asked, 129 + 299)


def test_inventory_without_a_battery_stays_slow() -> None:
    asked = store()
    with_battery(asked, 100, INFO)
    ask(asked, documents.ENSEMBLE_INVENTORY, 100, [])
    asked.missing(documents.ENSEMBLE_POWER, 100)
    assert documents.ENSEMBLE_INVENTORY not in due(asked, 398)


def test_inventory_stays_slow_once_battery_power_has_answered() -> None:
    """The charge is not read from the inventory then, whatever becomes of the endpoint."""
    asked = store()
    with_battery(asked, 100, INFO)
    ask(asked, documents.ENSEMBLE_POWER, 100, {"devices:": []})
    for now in (130, 500, 900):
        asked.requesting(documents.ENSEMBLE_POWER, now)
        asked.missing(documents.ENSEMBLE_POWER, now)
    assert documents.ENSEMBLE_POWER in asked.value.documents.absent
    ask(asked, documents.ENSEMBLE_INVENTORY, 900, IQ_BATTERY)
    assert documents.ENSEMBLE_INVENTORY not in due(asked, 900 + 298)
