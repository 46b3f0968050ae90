"""The production page of firmware below 3.9, in the notations that gateways use for numbers."""

import pytest
from support.documents import information, of, one, read, rejected_by

from envoy_exporter.collectors import html_production, production
from envoy_exporter.collectors.production import Production
from envoy_exporter.documents import INFO, PRODUCTION, Json


def table(power: str, today: str = "6.39 kWh", week: str = "73.3 kWh", lifetime: str = "8.74 MWh") -> str:
    rows = {"Currently": power, "Today": today, "Past Week": week, "Since Installation": lifetime}
    cells = "".join(f"<tr><td>{row}</td>    <td> {text}</td></tr>\n" for row, text in rows.items())
    return f"<html><body><h1>System Statistics</h1><table>{cells}</table></body></html>"


@pytest.mark.parametrize(
    ("text", "watts"),
    [
        ("634 W", 634),
        ("6.63 kW", 6630),
        ("6.63&nbsp;kW", 6630),
        ("6.63&#160;kW", 6630),
        ("6.63\u00a0kW", 6630),
        ("6.63\u202fkW", 6630),
        ("-5 W", -5),
        ("\u22125 W", -5),
        ("- 5 W", -5),
        ("&minus;5 W", -5),
        ("&#8722;5 W", -5),
        ("0 W", 0),
        ("1,234.5 W", 1234.5),
        ("1.234,5 W", 1234.5),
        ("1,234,567 W", 1_234_567),
        ("1.234.567 W", 1_234_567),
        ("1 234 W", 1234),
        ("1&nbsp;234,5 W", 1234.5),
        ("1'234.5 W", 1234.5),
        ("1&#39;234 W", 1234),
        ("1\u2019234 W", 1234),
        ("1&#8239;234 W", 1234),
        ("1&thinsp;234 W", 1234),
        ("6,39 kW", 6390),
        ("0,634 kW", 634),
        ("1.234 kW", 1234),
        ("634 W (10:15)", 634),
        ("6.39 kW.", 6390),
        ("634 W, today", 634),
        ("\u20145 W", -5),
        ("&mdash;5 W", -5),
        ("\uff0d5 W", -5),
        ("<b>634 W</b>", 634),
        (f"{' ' * 500}634 W\n{' ' * 500}", 634),
    ],
)
def test_page_number_in_any_notation_is_read(text: str, watts: float) -> None:
    result = html_production.read(table(text))
    assert result.rows[html_production.POWER] == pytest.approx(watts)
    assert result.invalid == ()


@pytest.mark.parametrize(
    "text",
    [
        *("1,234 kW", "-12,345 W", "12,34,567 W", "1 23 W", "1.2.3 W", "1,234 567 W", "much", "5 A", "5 Ws", "5 W/h"),
        f"&#{'1' * 5000};",
        f"0.{'0' * 400} kWh",
        f"{'0' * 63}5 W",
    ],
)
def test_page_text_that_is_not_one_number_is_invalid(text: str) -> None:
    result = html_production.read(table(text))
    assert (result.rows.get(html_production.POWER), result.invalid) == (None, (html_production.POWER,))


def cells(*rows: str) -> str:
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


POWER_ROW, TODAY_ROW = "<td>Currently</td> <td> 634 W</td>", "<td>Today</td> <td>6.39 kWh</td>"


@pytest.mark.parametrize(
    "page",
    [
        cells("<td>Currently</td><td></td>", TODAY_ROW),
        cells("<td>Currently</td><td></td>", "<td>634 W</td><td>5 W</td>", TODAY_ROW),
        cells("<td>Currently</td><td> </td><td>634 W</td>", TODAY_ROW),
        cells("<td>Currently</td>", TODAY_ROW),
        cells("<td>Currently</td>", "<td>634 W</td>", TODAY_ROW),
        cells("<td>Currently</td><td>-</td>", TODAY_ROW),
        cells("<td>Currently</td><td>&mdash;</td>", TODAY_ROW),
        cells("<td>Currently</td><td>&nbsp;</td>", TODAY_ROW),
        cells("<td>Currently</td><td>Today</td><td>6.39 kWh</td>"),
        cells("<th>Currently</th><th>Today</th><th>Past Week</th><th>Since Installation</th>", TODAY_ROW),
        f"<h2>Currently</h2>{cells(TODAY_ROW)}<h2>Since Installation</h2><p>a year ago</p>",
        f"<title>Currently</title><h1>Today</h1><p>Fine weather.</p>{cells(TODAY_ROW)}",
        f"<p>Currently it is off. Today</p><p>at noon</p>{cells(TODAY_ROW)}",
        cells("<td>Currently <i>now</i></td><td>634 W</td>", TODAY_ROW),
        "<div>Currently</div><div></div><div>Today</div><div>6.39 kWh</div>",
    ],
)
def test_page_cell_without_a_quantity_has_no_value_and_is_not_invalid(page: str) -> None:
    result = html_production.read(page)
    assert result.rows == {html_production.TODAY: pytest.approx(6390)}
    assert result.invalid == ()


@pytest.mark.parametrize(
    "row",
    [
        "<td><b>Currently</b></td><td>634 W</td>",
        "<th>Currently</th><td>634 W</td>",
        "<TD class='x'>\n Currently\n</TD>\n<TD align=right>634 W</TD>",
        "<td>Currently</td><td><div>634 W</div></td>",
    ],
)
def test_page_label_is_a_whole_cell_in_any_markup(row: str) -> None:
    assert html_production.read(cells(row)) == html_production.Page({html_production.POWER: 634})


@pytest.mark.parametrize("page", ["<" * 100_000, "<td>Currently" * 20_000, "<td>Currently</td><td>" + "9" * 1_000_000])
def test_page_of_any_size_is_read(page: str) -> None:
    assert html_production.read(page).rows == {}


def test_page_lifetime_step_is_its_last_digit() -> None:
    assert html_production.read(table("1 W", lifetime="133 MWh")).lifetime_step == 1_000_000
    assert html_production.read(table("1 W", lifetime="8,74 MWh")).lifetime_step == pytest.approx(10_000)
    assert html_production.read(table("1 W", lifetime="1,234.5 kWh")).lifetime_step == pytest.approx(100)


@pytest.mark.parametrize("content", [None, {}, "", "<html></html>", "Currently"])
def test_page_without_numbers_has_no_rows(content: Json) -> None:
    assert html_production.read(content) == html_production.Page()


def test_production_with_an_invalid_row_rejects_only_that_row() -> None:
    available = {INFO: information("R3.2.0"), PRODUCTION: table("-5 W", today="1,234 kWh")}
    result = read(production.COLLECTOR, available)
    values = one(Production, result)
    assert (values.power, values.today) == (-5, None)
    assert values.lifetime == pytest.approx(8.74e6 * 3600)
    assert rejected_by(result) == ["type"]


def test_production_with_a_negative_lifetime_rejects_it() -> None:
    result = read(production.COLLECTOR, {INFO: information("R3.2.0"), PRODUCTION: table("634 W", lifetime="-3 kWh")})
    assert (one(Production, result).power, one(Production, result).lifetime) == (634, None)
    assert rejected_by(result) == ["range"]


def test_production_of_a_page_in_another_language_has_no_reading() -> None:
    german = table("634 W").replace("Currently", "Momentan").replace("Today", "Heute").replace("Past Week", "Woche")
    result = read(production.COLLECTOR, {INFO: information("R3.2.0"), PRODUCTION: german.replace("Since", "Seit")})
    assert of(Production, result) == []


PAGE = """<h1>System Energy Production</h1><table>
<tr><td>Currently</td>    <td> 6.63 kW</td></tr><tr><td>Today</td>     <td> 53.6 kWh</td></tr>
<tr><td>Past Week</td>    <td>  405 kWh</td></tr><tr><td>Since Installation</td>    <td>  133 MWh</td></tr></table>"""


def test_production_below_firmware_3_9_is_that_of_the_page() -> None:
    values = one(Production, read(production.COLLECTOR, {INFO: information("D3.7.0"), PRODUCTION: PAGE}))
    assert values.source == "html"
    assert values.power == pytest.approx(6630)
    assert values.lifetime == pytest.approx(133e6 * 3600)
    assert values.today == pytest.approx(53_600 * 3600)
    assert values.last_week == pytest.approx(405_000 * 3600)


def test_production_of_a_page_without_the_table_has_no_reading() -> None:
    assert (
        read(production.COLLECTOR, {INFO: information("D3.7.0"), PRODUCTION: "<h1>Envoy is starting</h1>"}).readings
        == ()
    )
