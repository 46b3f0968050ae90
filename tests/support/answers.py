"""What Prometheus would answer a panel, of series that are written down. promtool is the Prometheus."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from support.dashboards import substitute
from support.prometheus import check_answers

Series = Mapping[str, str]
"""As promtool writes them: a value a minute from the first on, `3000x1500` is 1501 of them."""


def check_query(
    dashboard: str, expression: str, at: str, series: Series, expected: Sequence[Mapping[str, object]], folder: Path
) -> None:
    asks = {"expr": substitute(expression, dashboard), "eval_time": at, "exp_samples": expected}
    given = [{"series": name, "values": values} for name, values in series.items()]
    one = {"interval": "1m", "input_series": given, "promql_expr_test": [asks]}
    check_answers(one, folder)
