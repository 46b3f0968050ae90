"""Who is silent by day on the dashboard Panels is who EnphaseInverterSilent would tell of."""

from pathlib import Path

from support.dashboards import asked, substituted
from support.prometheus import check_answers

DAY = 86400


def expressions(title: str) -> list[str]:
    return [substituted(each.expression, "panels") for each in asked("panels") if each.panel == title]


def test_an_inverter_that_was_removed_or_taken_down_is_not_silent(tmp_path: Path) -> None:
    reporting = {"good": 1, "dead": 0, "removed": 0, "taken-down": 0}
    last = {"good": 0, "dead": -2 * DAY, "removed": -2 * DAY, "taken-down": -31 * DAY}
    of = 'job="envoy", instance="home"'
    values = {f"instance:enphase_daylight:bool{{{of}}}": 1}
    for serial, reports in reporting.items():
        values[f'enphase_inverter_reporting{{{of}, serial="{serial}"}}'] = reports
        values[f'enphase_inverter_active{{{of}, serial="{serial}"}}'] = int(serial != "removed")
        values[f'enphase_inverter_last_report_timestamp_seconds{{{of}, serial="{serial}"}}'] = last[serial]
    silent, (listed, *_) = expressions("Silent by day"), expressions("Silent by day, and gone")
    dead = f'{{{of}, serial="dead", inverter="dead"}}'
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": f"{value}x5"} for series, value in values.items()],
        "promql_expr_test": [
            {"expr": silent[0], "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": 1}]},
            {"expr": listed, "eval_time": "5m", "exp_samples": [{"labels": dead, "value": -2000 * DAY}]},
        ],
    }
    check_answers(test, tmp_path)
