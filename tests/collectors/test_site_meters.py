"""The meters that the gateway counts as active."""

import pytest
from support.consumption import total_and_net
from support.document_contents import eim, site, v1
from support.documents import of, one, read
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import production
from envoy_exporter.collectors.consumption import Consumption, NetConsumption
from envoy_exporter.collectors.production import Production, Reporting
from envoy_exporter.collectors.site_meters import MeterActivity
from envoy_exporter.documents import PRODUCTION_JSON, Json

INVERTERS: Json = {"type": "inverters", "activeCount": 22, "wNow": 20, "whLifetime": 183_353}


def test_meters_inactive_for_a_poll_are_absent_and_not_replaced() -> None:
    """pyenphase#471 and pyenphase#480: activeCount of 8.3 is 0 for a poll around 23:05."""
    gateway = PollSequence(production.COLLECTOR)
    powers = []
    for n in range(10):
        active = 0 if n in {3, 7} else 1
        entry = eim(19_230_000.0 + n, activeCount=active, wNow=10.0 if active else 99_999.0)
        result = gateway.poll({**v1(5_000, 7), **site(INVERTERS, entry, **total_and_net(active))})
        counts = [len(of(kind, result)) for kind in (Production, Consumption, NetConsumption)]
        assert counts == [active] * 3
        assert one(Reporting, result).inverters == 22
        assert rejected_rules(result) == []
        powers += [(reading.source, reading.power) for reading in of(Production, result)]
    assert powers == [("eim", 10.0)] * 8


@pytest.mark.parametrize(("count", "active"), [(1, True), (0, False)])
def test_meter_activity_is_that_of_active_count(count: int, *, active: bool) -> None:
    """activeCount is 0 without CTs (7.3.130_no_consumption), and for a poll around 23:05 on 8.3 (pyenphase#471)."""
    content: Json = {
        "production": [{"type": "inverters", "activeCount": 9}, {"type": "eim", "activeCount": 1, "wNow": 1.0}],
        "consumption": [
            {"type": "eim", "activeCount": count, "measurementType": "net-consumption"},
            {"type": "eim", "activeCount": "1", "measurementType": "total-consumption"},
        ],
    }
    result = read(production.COLLECTOR, {PRODUCTION_JSON: content})
    assert {activity.meter: activity.active for activity in of(MeterActivity, result)} == {
        "production": True,
        "net-consumption": active,
    }
    assert (PRODUCTION_JSON, "type", "activeCount") in result.rejections
