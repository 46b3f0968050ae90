"""Options, levels of tests, and the folder of captures."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.in_process_exporter import InProcessExporter
from support.tally import merge_counts, send_counts, summary_lines

from envoy_exporter.logs import Logfmt

ROOT = Path(__file__).parent.parent
_OUTSIDE = {"socket.bind", "socket.connect", "subprocess.Popen"}
_unit_tests: list[str] = []
"""The unit test that is running, if any."""


def _keep_inside(event: str, _: object) -> None:
    if event in _OUTSIDE and _unit_tests:
        raise RuntimeError(f"{event} in the unit test {_unit_tests[0]}: mark it pytest.mark.integration")


sys.addaudithook(_keep_inside)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden expositions again")
    parser.addoption("--sequence", type=int, help="run only this seed of the random fault sequences (tests/matrix)")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each processor: tests wait a tenth of the time, for Prometheus or for a deadline."""
    return 2 * (os.cpu_count() or 1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    send_counts(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Called when a worker process has ended. `node` is an untyped object of the library."""
    merge_counts(node.config, getattr(node, "workeroutput", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the counts. The process that prints may not have run the tests that count."""
    for line in summary_lines(config):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The recorded responses of real gateways, which are not part of the project."""
    folder = Path(os.environ.get("ENVOY_CAPTURES", ROOT.parent / "shared" / "captures"))
    if not folder.is_dir():
        pytest.skip(f"no captures of real gateways in {folder} (set ENVOY_CAPTURES)")
    return folder


class _LogfmtWithException(Logfmt):
    def format(self, record: logging.LogRecord) -> str:
        return super().format(record) + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


@pytest.fixture(autouse=True)
def _log_lines_with_fields(caplog: pytest.LogCaptureFixture) -> None:
    """`caplog.text` has the lines as a user reads them, with their fields."""
    caplog.handler.setFormatter(_LogfmtWithException())


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    InProcessExporter.close_all()


@pytest.fixture(autouse=True)
def _level(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test without a marker runs in `make check`, which needs neither sockets nor programs."""
    if request.node.get_closest_marker("integration") is None:
        _unit_tests.append(request.node.nodeid)
    yield
    _unit_tests.clear()
