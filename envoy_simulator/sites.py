"""The systems of the simulated gateways: made up, with the size and wiring of captures of the same firmware."""

from envoy_simulator.design import Array, Battery, Design, make_inverters

_YEAR = 365 * 86400
_BOTH_LEGS = ((0, 1),)
_SOUTH = (Array(185, 35),)
_SOUTH_AND_WEST = (Array(180, 30), Array(258, 22))
_EAST_AND_WEST = (Array(95, 25), Array(275, 25))

MAUI = Design(
    latitude=20.8,
    longitude=-156.4,
    phase_mode="split",
    household=(260.0, 240.0),
    arrays=_SOUTH,
    inverters=make_inverters(12, 121431070110, arrays=1, legs=_BOTH_LEGS, peak_watts=270, limit_watts=240),
    age=8 * _YEAR,
)
NORMAN = Design(
    latitude=35.2,
    longitude=-97.4,
    phase_mode="split",
    household=(520.0, 410.0),
    arrays=_SOUTH_AND_WEST,
    inverters=make_inverters(19, 122002110044, arrays=2, legs=_BOTH_LEGS, peak_watts=330, limit_watts=306),
    age=5 * _YEAR,
)
PUEBLO = Design(
    latitude=38.3,
    longitude=-104.6,
    phase_mode="split",
    household=(480.0, 430.0),
    arrays=_SOUTH_AND_WEST,
    inverters=make_inverters(24, 121547110052, arrays=2, legs=_BOTH_LEGS, peak_watts=280, limit_watts=250),
    age=7 * _YEAR,
)
UTRECHT = Design(
    latitude=52.1,
    longitude=5.1,
    phase_mode="three",
    household=(390.0,),
    arrays=_EAST_AND_WEST,
    inverters=make_inverters(8, 482243110017, arrays=2, legs=((0,),), peak_watts=390, limit_watts=366),
    age=2 * _YEAR,
)
GHENT = Design(
    latitude=51.1,
    longitude=3.7,
    phase_mode="three",
    household=(330.0, 210.0, 180.0),
    arrays=_SOUTH_AND_WEST,
    inverters=make_inverters(18, 482243110512, arrays=2, legs=((0,), (1,), (2,)), peak_watts=390, limit_watts=366),
    age=3 * _YEAR,
)
FRESNO = Design(
    latitude=36.7,
    longitude=-119.8,
    phase_mode="split",
    household=(610.0, 560.0),
    arrays=_EAST_AND_WEST,
    inverters=make_inverters(26, 202318110204, arrays=2, legs=_BOTH_LEGS, peak_watts=410, limit_watts=366),
    batteries=tuple(
        Battery(f"4923190{unit:05d}", "836-01826-r76", (0, 1), capacity_watt_hours=5000, rated_watts=3840)
        for unit in (2106, 2143, 2180, 2217, 2254)
    ),
    age=2 * _YEAR,
)
BOULDER = Design(
    latitude=40.0,
    longitude=-105.3,
    phase_mode="split",
    household=(430.0, 380.0),
    arrays=_SOUTH_AND_WEST,
    inverters=make_inverters(20, 532437110003, arrays=2, legs=_BOTH_LEGS, peak_watts=400, limit_watts=349),
    # Small batteries, so that the demonstration shows grid import and export too.
    batteries=tuple(
        Battery(f"4922340{unit:05d}", "836-00750-r32", (0, 1), capacity_watt_hours=3360, rated_watts=1280)
        for unit in (1361, 1398)
    ),
    age=4 * _YEAR,
)
ITHACA = Design(
    latitude=42.4,
    longitude=-76.5,
    phase_mode="split",
    household=(590.0, 470.0),
    arrays=_SOUTH,
    inverters=make_inverters(17, 542512110005, arrays=1, legs=_BOTH_LEGS, peak_watts=405, limit_watts=349),
    batteries=tuple(
        Battery(f"4925120{unit:05d}", "836-01250-r00", (0, 1), capacity_watt_hours=5000, rated_watts=3540)
        for unit in (1633, 1670)
    ),
    age=_YEAR,
)
LEUVEN = Design(
    latitude=50.9,
    longitude=4.7,
    phase_mode="three",
    household=(410.0,),
    arrays=_SOUTH,
    inverters=make_inverters(10, 122013110029, arrays=1, legs=((0,),), peak_watts=300, limit_watts=243),
    batteries=tuple(
        Battery(f"1221220{unit:05d}", "800-00930-r03", (0,), 1240, 260, reserve=5, kind="ac")
        for unit in (13815, 13852, 14126)
    ),
    age=3 * _YEAR,
    removed=("122011110338",),
    relay="121940110061",
)
MODESTO = Design(
    latitude=37.6,
    longitude=-121.0,
    phase_mode="split",
    household=(900.0, 800.0),
    arrays=_EAST_AND_WEST,
    inverters=make_inverters(60, 202330110014, arrays=2, legs=_BOTH_LEGS, peak_watts=405, limit_watts=366),
    age=2 * _YEAR,
)
MADISON = Design(
    latitude=43.1,
    longitude=-89.4,
    phase_mode="split",
    household=(470.0, 390.0),
    arrays=_SOUTH_AND_WEST,
    inverters=make_inverters(12, 532437110301, arrays=2, legs=_BOTH_LEGS, peak_watts=405, limit_watts=349),
    age=3 * _YEAR,
    removed=("202129110105", "202144110044"),
)
LINZ = Design(
    latitude=48.3,
    longitude=14.3,
    phase_mode="three",
    household=(360.0, 280.0, 230.0),
    arrays=_EAST_AND_WEST,
    inverters=make_inverters(21, 482322110409, arrays=2, legs=((0,), (1,), (2,)), peak_watts=395, limit_watts=366),
    # The batteries follow the sum of the phases: L1 exports what L3 imports, and the CT counts both (core#123071).
    batteries=tuple(
        Battery(f"1223110{unit:05d}", "830-01760-r42", (leg,), capacity_watt_hours=3500, rated_watts=1280, reserve=10)
        for unit, leg in ((91641, 0), (91678, 0), (91715, 1))
    ),
    age=2 * _YEAR,
)
