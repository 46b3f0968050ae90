"""The charge of IQ batteries, on gateways with and without `/ivp/ensemble/power`."""

from collections.abc import Mapping

import pytest
from support.documents import NOW, documents, information, of, read_documents

from envoy_exporter.collectors import batteries
from envoy_exporter.collectors.battery_units import BatteryUnit
from envoy_exporter.documents import ENSEMBLE_INVENTORY, ENSEMBLE_POWER, INFO, Documents, Json

UNITS: Json = [
    {"type": "ENCHARGE", "devices": [{"serial_num": "492200000001", "percentFull": 60, "real_power_w": -18}]},
]

POWER: Json = {"devices:": [{"serial_num": "492200000001", "real_power_mw": -18_000, "soc": 54}]}


class Gateway:
    """The batteries collector of one gateway, which is polled repeatedly."""

    def __init__(self, firmware: str) -> None:
        self.firmware = firmware
        self.now = NOW
        self._memory: object = None
        self._once_available: set[str] = set()

    def charge(
        self, *, power: Json = None, absent: bool = False, failing: bool = False, after: float = 60.0
    ) -> float | None:
        """The charge of the battery after some seconds, with `/ivp/ensemble/power` or a reason why it is missing."""
        self.now += after
        available: Mapping[str, Json] = {INFO: information(self.firmware), ENSEMBLE_INVENTORY: UNITS}
        responding = documents({**available, ENSEMBLE_POWER: power} if power else available)
        reasons = frozenset({ENSEMBLE_POWER})
        self._once_available |= {ENSEMBLE_POWER} if power else set()
        document_set = Documents(
            responding.available,
            reasons if absent else frozenset(),
            reasons if failing else frozenset(),
            once_available=frozenset(self._once_available),
        )
        result = read_documents(batteries.COLLECTOR, document_set, memory=self._memory, now=self.now)
        self._memory = result.memory
        (unit,) = of(BatteryUnit, result)
        assert unit.power == (-18 if power else None), "real_power_w has no documented sign"
        return unit.charge


@pytest.mark.parametrize("firmware", ["D5.0.62", "D6.0.0"])
def test_charge_below_firmware_7_is_that_of_the_inventory(firmware: str) -> None:
    gateway = Gateway(firmware)
    assert gateway.charge() is None, "power has not been requested yet"
    assert gateway.charge(absent=True) == 0.6
    assert gateway.charge(failing=True) == 0.6


def test_charge_from_firmware_7_waits_ten_minutes_for_power() -> None:
    """A gateway that has just started returns 404 for every path."""
    gateway = Gateway("D7.0.88")
    charges = [gateway.charge(absent=True) for _ in range(12)]
    assert charges == [None] * 10 + [0.6] * 2


def test_charge_from_firmware_7_counts_absence_through_failures() -> None:
    """The ten minutes start with the first 404, and failing requests do not restart them."""
    gateway = Gateway("D7.0.88")
    assert [gateway.charge(absent=True) for _ in range(9)] == [None] * 9
    assert [gateway.charge(failing=True), gateway.charge()] == [None, None]
    assert gateway.charge(absent=True) == 0.6


def test_charge_from_firmware_7_is_absent_while_requests_fail() -> None:
    """A gateway that starts returns 404 once, and then does not respond for a while."""
    gateway = Gateway("D8.2.127")
    assert gateway.charge(absent=True) is None
    assert [gateway.charge(failing=True) for _ in range(20)] == [None] * 20
    assert gateway.charge(power=POWER) == 0.54


@pytest.mark.parametrize("firmware", ["D6.0.0", "D7.0.88"])
def test_charge_of_the_inventory_is_kept_until_power_is_available(firmware: str) -> None:
    gateway = Gateway(firmware)
    for _ in range(12):
        gateway.charge(absent=True)
    assert [gateway.charge(failing=True), gateway.charge(), gateway.charge(absent=True)] == [0.6] * 3
    assert gateway.charge(power=POWER) == 0.54
    assert [gateway.charge(absent=True), gateway.charge(failing=True)] == [None] * 2


@pytest.mark.parametrize("firmware", ["D6.0.0", "D8.2.127"])
def test_charge_of_power_is_preferred_and_kept(firmware: str) -> None:
    gateway = Gateway(firmware)
    for _ in range(12):
        gateway.charge(absent=True)
    assert gateway.charge(power=POWER) == 0.54
    assert [gateway.charge(absent=True) for _ in range(20)] == [None] * 20
