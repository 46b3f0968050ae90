"""Options, the levels of tests, and where the captures are."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.exporter import Scraped
from support.tally import hand_in, lines, take_in

from envoy_exporter.logs import Logfmt

ROOT = Path(__file__).parent.parent
_OUTSIDE = {"socket.bind", "socket.connect", "subprocess.Popen"}
_unit_tests: list[str] = []
"""The unit test that is running, if one is."""


def _keep_inside(event: str, _: object) -> None:
    if event in _OUTSIDE and _unit_tests:
        raise RuntimeError(f"{event} in the unit test {_unit_tests[0]}: mark it pytest.mark.integration")


sys.addaudithook(_keep_inside)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden expositions anew")
    parser.addoption("--sequence", type=int, help="of the random sequences of faults (tests/matrix) only that seed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two a processor: a tenth of the time some test waits, for a Prometheus to have watched or a deadline to pass."""
    return 2 * (os.cpu_count() or 1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    hand_in(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process that ran some of the tests is done; `node` is the library's own and has no type."""
    take_in(node.config, getattr(node, "workeroutput", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Here and not beside the tests that count, as the process that reports may not have seen them."""
    for line in lines(config):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def captures() -> Path:
    """Real gateways' answers, which are not part of the project."""
    folder = Path(os.environ.get("ENVOY_CAPTURES", ROOT.parent / "shared" / "captures"))
    if not folder.is_dir():
        pytest.skip(f"no captures of real gateways in {folder} (ENVOY_CAPTURES says where they are)")
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
    Scraped.close_all()


@pytest.fixture(autouse=True)
def _level(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test without a marker runs in `make check`, which promises to need neither sockets nor programs."""
    if request.node.get_closest_marker("integration") is None:
        _unit_tests.append(request.node.nodeid)
    yield
    _unit_tests.clear()
