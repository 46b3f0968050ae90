"""Compares the result of a panel's query over given series with the expected one, with promtool."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from support.dashboards import substitute
from support.prometheus import check_results

Series = Mapping[str, str]
"""In the notation of promtool: one value a minute; `3000x1500` means 1501 of them."""


def check_query(
    dashboard: str, expression: str, at: str, series: Series, expected: Sequence[Mapping[str, object]], folder: Path
) -> None:
    query = {"expr": substitute(expression, dashboard), "eval_time": at, "exp_samples": expected}
    given = [{"series": name, "values": values} for name, values in series.items()]
    one = {"interval": "1m", "input_series": given, "promql_expr_test": [query]}
    check_results(one, folder)
