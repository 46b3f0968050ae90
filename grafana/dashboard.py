"""The parts of all dashboards: variables, links to the others, annotations of firmware changes and alerts."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

import palette
import variables
from placement import Row, place_panels
from queries import ALERTS, metric

TAG = "enphase"


def new_dashboard(
    title: str,
    description: str,
    rows: Iterable[Row],
    *,
    since: str = "now-24h",
    refresh: str = "1m",
    more_variables: Iterable[Builder[models.VariableModel]] = (),
) -> models.Dashboard:
    """A dashboard from `since` until now; its uid and its file have the name of the title."""
    dashboard = (
        Dashboard(f"Enphase {title}")
        .uid(f"{TAG}-{title.lower().replace(' ', '-')}")
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .time(since, "now")
        .refresh(refresh)
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables([variables.datasource(), variables.job(), variables.instance(), *more_variables])
        .annotations([_firmware(), _alerts()])
        .links([_others()])
        .build()
    )
    for link in dashboard.links or ():
        link.placement = None  # type: ignore[assignment]  # the only value in the SDK hides the links in a menu
    dashboard.panels = place_panels(rows)
    return dashboard


def _others() -> DashboardLink:
    """Each opens with its own time range: a selected day of the year is of little use for a gateway's requests."""
    return (
        DashboardLink("Enphase")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(include_vars=True)
        .tooltip("The other dashboards of this system")
    )


def _firmware() -> AnnotationQuery:
    """For an hour after it, because a panel of a year has a step of 50 minutes and would miss a shorter one."""
    info = metric("enphase_gateway_info")
    before = f"last_over_time({info}[1d] offset 1h)"
    return (
        AnnotationQuery()
        .name("Firmware")
        .datasource(variables.DATASOURCE)
        .enable(enable=True)
        .icon_color(palette.HOME)
        .expr(f"({info} unless on (job, instance, firmware) {before}) and on (job, instance) {before}")
        .title_format("Firmware {{firmware}}")
        .text_format("{{instance}} has new firmware")
    )


def _alerts() -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name("Alerts")
        .datasource(variables.DATASOURCE)
        .enable(enable=True)
        .icon_color(palette.BAD)
        .expr(f'ALERTS{{{ALERTS}, alertstate="firing", severity=~"critical|warning"}}')
        .title_format("{{alertname}}")
        .text_format("{{instance}}")
        .tag_keys("severity")
    )
