"""What Prometheus would answer a panel, of series that are written down. promtool is the Prometheus."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.dashboards import substituted
from support.prometheus import program

Series = Mapping[str, str]
"""As promtool writes them: a value a minute from the first on, `3000x1500` is 1501 of them."""


def check(
    dashboard: str, expression: str, at: str, series: Series, expected: Sequence[Mapping[str, object]], folder: Path
) -> None:
    """promtool says only whether an expected answer is right, never what the answer is."""
    file = folder / "test.yml"
    asks = {"expr": substituted(expression, dashboard), "eval_time": at, "exp_samples": expected}
    given = [{"series": name, "values": values} for name, values in series.items()]
    one = {"interval": "1m", "input_series": given, "promql_expr_test": [asks]}
    file.write_text(json.dumps({"evaluation_interval": "1m", "tests": [one]}))
    command = [program("promtool"), "test", "rules", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
