"""When an endpoint is due, how long a document is readable, and the pauses after failures. Uses no gateway."""

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
    """The newest value of a cache, after each change."""

    def __init__(self, min_interval: float = 10.0, **maximum_ages: float) -> None:
        self.value = EndpointCache.empty(READERS, min_interval, maximum_ages)

    def receive(self, name: str, now: float, content: documents.Json) -> None:
        self.requesting(name, now)
        self.value = self.value.succeeded(name, content, requested_at=now, duration=0.1)

    def requesting(self, name: str, now: float) -> None:
        self.value = self.value.requesting(name, now)

    def failed(self, name: str, error: RequestError, now: float, duration: float, *, hung: bool = False) -> None:
        jitter = RANDOM.uniform(1.0, 1.2)
        self.value = self.value.failed(name, error, now, duration, hung=hung, jitter=jitter)

    def missing(self, name: str, now: float) -> bool:
        self.value, gone = self.value.not_available(name, "HTTP 404", now, 0.1)
        return gone

    def scraped(self, now: float) -> bool:
        """Whether documents expire sooner than before."""
        before, self.value = self.value, self.value.scraped(now)
        return self.value.least_grace < before.least_grace


def new_cache(min_interval: float = 10.0, **maximum_ages: float) -> Cache:
    return Cache(min_interval, **maximum_ages)


def receive(cache: Cache, name: str, now: float, content: documents.Json) -> None:
    cache.receive(name, now, content)


def receive_all(cache: Cache, now: float) -> None:
    """A metered gateway has sent its documents."""
    receive(cache, documents.INFO, now, INFO)
    receive(cache, documents.METERS, now, [METER])
    receive(cache, documents.METER_READINGS, now, [])
    receive(cache, documents.PRODUCTION_JSON, now, SITE)
    receive(cache, documents.DEVICE_DATA, now, DEVICES)
    receive(cache, documents.ENSEMBLE_INVENTORY, now, [])
    receive(cache, documents.INVENTORY, now, [])
    receive(cache, documents.HOME, now, {})


def due(cache: Cache, now: float) -> list[str]:
    return [endpoint.name for endpoint in cache.value.due_endpoints(now)]


def test_due_at_the_start_is_only_info() -> None:
    assert due(new_cache(), 0) == [documents.INFO]


def test_due_after_info_is_first_meters() -> None:
    cache = new_cache()
    receive(cache, documents.INFO, 0, INFO)
    assert due(cache, 0)[0] == documents.METERS


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
def test_endpoint_is_due_one_second_before_its_maximum_age(name: str, age: float) -> None:
    cache = new_cache(min_interval=10)
    receive_all(cache, 100)
    assert name not in due(cache, 100 + age - 1.01)
    assert name in due(cache, 100 + age - 1)


def test_next_holds_until_min_interval_has_passed() -> None:
    cache = new_cache(min_interval=10)
    receive_all(cache, 100)
    chosen = cache.value.next(109.2)
    assert chosen is not None
    endpoint, hold = chosen
    assert endpoint.name == documents.METER_READINGS
    assert hold == pytest.approx(0.8)


def test_min_interval_is_the_shortest_maximum_age() -> None:
    cache = new_cache(min_interval=90)
    receive_all(cache, 0)
    assert due(cache, 88) == []
    assert due(cache, 89) == [documents.METER_READINGS, documents.PRODUCTION_JSON]


def test_maximum_age_of_a_collector_changes_its_endpoints() -> None:
    cache = new_cache(inverters=300)
    receive_all(cache, 0)
    assert documents.DEVICE_DATA not in due(cache, 298)
    assert documents.DEVICE_DATA in due(cache, 299)


@pytest.mark.parametrize("conditional_reader", ["batteries", "layout"])
def test_maximum_age_of_a_conditional_reader_is_ignored(conditional_reader: str) -> None:
    """device_data is the document of the inverters collector. The batteries collector reads it for AC batteries."""
    cache = new_cache(**{conditional_reader: 20})
    receive_all(cache, 0)
    assert documents.DEVICE_DATA not in due(cache, 118)
    assert documents.DEVICE_DATA in due(cache, 119)


def test_fast_endpoint_is_due_before_a_slow_one() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    assert due(cache, 299)[0] == documents.INFO
    receive(cache, documents.INFO, 299, INFO)
    assert due(cache, 299)[:2] == [documents.METER_READINGS, documents.PRODUCTION_JSON]


def test_document_is_readable_for_its_age_and_75_seconds() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    assert documents.METER_READINGS in cache.value.readable(10 + 75).available
    assert documents.METER_READINGS not in cache.value.readable(10 + 75.01).available
    assert documents.DEVICE_DATA in cache.value.readable(120 + 120).available
    assert documents.DEVICE_DATA not in cache.value.readable(120 + 120.01).available


def test_document_is_readable_for_two_scrape_intervals() -> None:
    cache = new_cache()
    for scrape in (0, 200, 400):
        cache.scraped(scrape)
    receive_all(cache, 400)
    assert documents.METER_READINGS in cache.value.readable(400 + 10 + 400).available
    assert documents.METER_READINGS not in cache.value.readable(400 + 10 + 401).available


def test_pause_of_hours_between_scrapes_does_not_extend_documents() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.scraped(0)
    cache.scraped(8 * 3600)
    assert cache.value.readable(8 * 3600).available.keys() == set()


def test_document_is_not_readable_after_a_failed_request() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.requesting(documents.METER_READINGS, 10)
    assert documents.METER_READINGS in cache.value.readable(10).available
    cache.failed(documents.METER_READINGS, InvalidResponse("not_json", ""), 10, 0)
    assert documents.METER_READINGS not in cache.value.readable(10).available


def test_failed_endpoint_backs_off_to_two_minutes() -> None:
    cache = new_cache(min_interval=10)
    receive_all(cache, 0)
    now, waits = 0.0, []
    for _ in range(8):
        cache.requesting(documents.METER_READINGS, now)
        cache.failed(documents.METER_READINGS, InvalidResponse("not_json", ""), now, 0)
        again = next(t / 10 for t in range(int(now * 10), 100_000) if documents.METER_READINGS in due(cache, t / 10))
        waits.append(again - now)
        now = again
    for wait, least in zip(waits, (10, 20, 40, 80, 120, 120, 120, 120), strict=True):
        assert least <= wait <= least * 1.2 + 0.1


def test_endpoint_that_hangs_backs_off_to_500_seconds() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    now, waits = 0.0, []
    for _ in range(6):
        cache.requesting(documents.PRODUCTION_JSON, now)
        cache.failed(documents.PRODUCTION_JSON, NoResponse("timeout", ""), now + 30, 30, hung=True)
        again = next(t for t in range(int(now), 100_000) if documents.PRODUCTION_JSON in due(cache, t))
        waits.append(again - now - 30)
        now = again
    for wait, least in zip(waits, (60, 120, 240, 480, 500, 500), strict=True):
        assert least <= wait <= least * 1.2 + 1


def test_absent_endpoint_is_due_again_after_six_hours() -> None:
    cache = new_cache()
    receive(cache, documents.INFO, 0, INFO)
    cache.requesting(documents.DEVICE_DATA, 0)
    assert cache.missing(documents.DEVICE_DATA, 0)
    assert documents.DEVICE_DATA not in due(cache, 6 * 3600 - 1)
    assert documents.DEVICE_DATA in due(cache, 6 * 3600)


def test_available_endpoint_is_absent_after_three_reports_in_ten_minutes() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    accepted = []
    for now in (10, 20, 30, 40, 609, 611):
        cache.requesting(documents.DEVICE_DATA, now)
        accepted.append(cache.missing(documents.DEVICE_DATA, now))
    assert accepted == [False, False, False, False, False, True]


def test_document_resets_the_reports_of_absence() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    for now in (10, 20):
        assert not cache.missing(documents.HOME, now)
    receive(cache, documents.HOME, 30, {})
    assert not cache.missing(documents.HOME, 700)


def test_recovered_gateway_has_failed_and_absent_endpoints_due() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.requesting(documents.METER_READINGS, 10)
    cache.failed(documents.METER_READINGS, InvalidResponse("not_json", ""), 10, 0)
    cache.requesting(documents.ENSEMBLE_INVENTORY, 10)
    for now in (10, 20, 620):
        cache.missing(documents.ENSEMBLE_INVENTORY, now)
    cache.value = cache.value.recovered()
    assert {documents.METER_READINGS, documents.ENSEMBLE_INVENTORY} <= set(due(cache, 640))


def test_absent_endpoint_stays_absent_until_its_next_response() -> None:
    """Otherwise a reload within `min_interval` after the request would make it a failure."""
    cache = new_cache()
    receive(cache, documents.INFO, 0, INFO)
    cache.requesting(documents.DEVICE_DATA, 0)
    cache.missing(documents.DEVICE_DATA, 0)
    cache.value = cache.value.retry_absent()
    assert documents.DEVICE_DATA in cache.value.documents.absent
    assert documents.DEVICE_DATA in due(cache, 10)
    cache.failed(documents.DEVICE_DATA, InvalidResponse("not_json", ""), 10, 0)
    assert documents.DEVICE_DATA not in cache.value.documents.absent


def test_quiet_cache_has_nothing_due() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.value = cache.value.paused(500.0)
    assert due(cache, 499) == []
    assert cache.value.until(50) == 85  # a document expires before an endpoint is due
    assert documents.METER_READINGS in due(cache, 500)


def test_scrape_does_not_wait_for_slow_endpoints_with_a_document() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    assert not cache.value.pending(since=5, now=5)
    assert cache.value.pending(since=10, now=10)
    receive(cache, documents.METER_READINGS, 10, [])
    assert not cache.value.pending(since=10, now=10)
    receive(cache, documents.METER_READINGS, 300, [])
    receive(cache, documents.PRODUCTION_JSON, 300, SITE)
    receive(cache, documents.DEVICE_DATA, 300, DEVICES)
    assert due(cache, 300) == [documents.INFO, documents.METERS, documents.ENSEMBLE_INVENTORY, documents.INVENTORY]
    assert not cache.value.pending(since=300, now=300)


def test_scrape_waits_for_a_slow_endpoint_without_a_document() -> None:
    cache = new_cache()
    receive(cache, documents.INFO, 0, INFO)
    assert cache.value.pending(since=0, now=0)


def test_scrape_waits_for_the_pending_request() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.requesting(documents.METER_READINGS, 10)
    assert cache.value.pending(since=11, now=11)
    cache.value = cache.value.succeeded(documents.METER_READINGS, [], 10, 2)
    assert not cache.value.pending(since=11, now=12)


FLAPPED: documents.Json = {"production": [{"type": "inverters", "activeCount": 9}, {"type": "eim", "activeCount": 0}]}


def test_production_ct_missing_in_one_poll_changes_no_requirement() -> None:
    """pyenphase#471: activeCount flips to 0 on 8.3, around 23:05."""
    cache = new_cache()
    receive_all(cache, 0)
    before = [endpoint.name for endpoint in cache.value.required]
    for now, site in ((60.0, FLAPPED), (120.0, SITE), (180.0, FLAPPED), (240.0, SITE)):
        receive(cache, documents.PRODUCTION_JSON, now, site)
        assert [endpoint.name for endpoint in cache.value.required] == before


def test_production_ct_missing_twice_requires_production_v1() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    assert documents.PRODUCTION_V1 not in due(cache, 60)
    for now in (60.0, 120.0):
        receive(cache, documents.PRODUCTION_JSON, now, FLAPPED)
    assert documents.PRODUCTION_V1 in due(cache, 120)


def test_gateway_without_a_production_ct_requires_production_v1() -> None:
    cache = new_cache()
    receive(cache, documents.INFO, 0, INFO)
    receive(cache, documents.METERS, 0, [])
    receive(cache, documents.PRODUCTION_JSON, 0, FLAPPED)
    assert documents.PRODUCTION_V1 in due(cache, 0)


def test_age_of_a_document_ignores_a_pending_request() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.requesting(documents.METER_READINGS, 30)
    assert cache.value.readable(31).available[documents.METER_READINGS].age == 31


def test_expiry_of_a_document_ignores_a_pending_request() -> None:
    cache = new_cache()
    receive_all(cache, 0)
    cache.requesting(documents.METER_READINGS, 80)
    assert documents.METER_READINGS in cache.value.readable(85).available, "ten seconds, and 75 of grace"
    assert documents.METER_READINGS not in cache.value.readable(86).available


def test_endpoint_is_due_only_if_a_scrape_came_after_its_request() -> None:
    cache = new_cache()
    cache.scraped(0)
    receive_all(cache, 0)
    assert documents.METER_READINGS not in due(cache, 25)
    cache.scraped(20)
    assert documents.METER_READINGS in due(cache, 25)


def test_short_maximum_age_does_not_change_slow_endpoints() -> None:
    cache = new_cache(production=10.0, batteries=10.0)
    receive_all(cache, 0)
    assert documents.PRODUCTION_JSON in due(cache, 10)
    assert not {documents.INFO, documents.METERS, documents.ENSEMBLE_INVENTORY} & set(due(cache, 200))
    rare = new_cache(production=600.0, inverters=600.0, meters=600.0, batteries=600.0, identity=600.0)
    receive_all(rare, 0)
    assert documents.METERS not in due(rare, 400), "a longer maximum age applies to slow endpoints"


def test_documents_expire_sooner_when_scrapes_become_frequent() -> None:
    cache = new_cache()
    assert [cache.scraped(now) for now in (0, 15, 315, 330, 345, 360)] == [False] * 6
    assert cache.scraped(375)
    assert not cache.scraped(390)


IQ_BATTERY: documents.Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "492200000001", "percentFull": 60}]}]
OLD_INFO: documents.Json = {"device": {"sn": "122012345678", "software": "D6.0.0"}}


def with_battery(cache: Cache, now: float, info: documents.Json) -> None:
    receive(cache, documents.INFO, now, info)
    receive(cache, documents.METERS, now, [])
    receive(cache, documents.ENSEMBLE_INVENTORY, now, IQ_BATTERY)
    cache.requesting(documents.ENSEMBLE_POWER, now)


@pytest.mark.parametrize("info", [INFO, OLD_INFO])
def test_inventory_is_live_while_battery_power_is_not_available(info: documents.Json) -> None:
    cache = new_cache()
    with_battery(cache, 100, info)
    cache.missing(documents.ENSEMBLE_POWER, 100)
    assert documents.ENSEMBLE_INVENTORY not in due(cache, 128.9)
    assert documents.ENSEMBLE_INVENTORY in due(cache, 129)
    assert cache.value.pending(since=110, now=129), "a scrape waits for live data"
    receive(cache, documents.ENSEMBLE_INVENTORY, 129, IQ_BATTERY)
    assert documents.ENSEMBLE_INVENTORY not in due(cache, 157.9)
    assert documents.ENSEMBLE_INVENTORY in due(cache, 158)


@pytest.mark.parametrize(("info", "live"), [(INFO, False), (OLD_INFO, True)])
def test_inventory_is_live_while_battery_power_fails_on_old_firmware(info: documents.Json, live: bool) -> None:
    cache = new_cache()
    with_battery(cache, 100, info)
    cache.failed(documents.ENSEMBLE_POWER, InvalidResponse("not_json", "invalid"), 100, 0.1)
    assert (documents.ENSEMBLE_INVENTORY in due(cache, 129)) is live


def test_inventory_is_slow_again_once_battery_power_is_available() -> None:
    cache = new_cache()
    with_battery(cache, 100, INFO)
    cache.missing(documents.ENSEMBLE_POWER, 100)
    assert documents.ENSEMBLE_INVENTORY in due(cache, 129)
    receive(cache, documents.ENSEMBLE_POWER, 129, {"devices:": []})
    receive(cache, documents.ENSEMBLE_INVENTORY, 129, IQ_BATTERY)
    assert documents.ENSEMBLE_INVENTORY not in due(cache, 129 + 298)
    assert documents.ENSEMBLE_INVENTORY in due(cache, 129 + 299)


def test_inventory_without_a_battery_stays_slow() -> None:
    cache = new_cache()
    with_battery(cache, 100, INFO)
    receive(cache, documents.ENSEMBLE_INVENTORY, 100, [])
    cache.missing(documents.ENSEMBLE_POWER, 100)
    assert documents.ENSEMBLE_INVENTORY not in due(cache, 398)


def test_inventory_stays_slow_once_battery_power_was_available() -> None:
    """The charge is not read from the inventory then, even if the endpoint disappears later."""
    cache = new_cache()
    with_battery(cache, 100, INFO)
    receive(cache, documents.ENSEMBLE_POWER, 100, {"devices:": []})
    for now in (130, 500, 900):
        cache.requesting(documents.ENSEMBLE_POWER, now)
        cache.missing(documents.ENSEMBLE_POWER, now)
    assert documents.ENSEMBLE_POWER in cache.value.documents.absent
    receive(cache, documents.ENSEMBLE_INVENTORY, 900, IQ_BATTERY)
    assert documents.ENSEMBLE_INVENTORY not in due(cache, 900 + 298)
