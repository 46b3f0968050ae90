"""The variables at the top of a dashboard."""

from grafana_foundation_sdk.builders.dashboard import (
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def datasource() -> DatasourceVariable:
    return (
        DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes the exporter")
        .type("prometheus")
    )


def job() -> QueryVariable:
    return _all_of("job", "label_values(enphase_up, job)").description("The name of the scrape job")


def instance() -> QueryVariable:
    query = 'label_values(enphase_up{job=~"$job"}, instance)'
    return _all_of("instance", query).description("The gateways; several are added up, or shown side by side")


def array() -> QueryVariable:
    """For `array=~"$array"`, on dashboards of inverters."""
    query = 'label_values(enphase_array_info{job=~"$job", instance=~"$instance"}, array)'
    return (
        _all_of("array", query)
        .all_value(".*")  # inverters without a layout have the array ""
        .description("The arrays, by their names in the exporter's config")
    )


def meter() -> QueryVariable:
    """For `meter=~"$meter"`; the grid meter by default, or the first if there is no grid meter."""
    query = 'label_values(enphase_meter_phase_power_watts{job=~"$job", instance=~"$instance"}, meter)'
    return (
        _all_of("meter", query)
        .description("The meter whose phases are shown: of the grid (net-consumption), or another current transformer")
        .current(VariableOption(selected=True, text="net-consumption", value="net-consumption"))
    )


def price(direction: str) -> CustomVariable:
    """A list that accepts other values: an empty text box would make all queries invalid."""
    tariff, nothing = "tariff", "NaN"
    cents = ", ".join(f"{cent / 100:.2f}" for cent in (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50))
    return (
        CustomVariable(f"{direction}_price")
        .label(f"{direction.capitalize()} price")
        .description(
            "The price of a kilowatt-hour: select a number, or type your own, with a decimal point. Tariff: the price "
            "of each moment, by the price rules in prometheus/rules"
        )
        .values(f"{tariff} : {nothing}, {cents}")
        .current(VariableOption(selected=True, text=tariff, value=nothing))
        .allow_custom_value(allow_custom_value=True)
    )


def currency() -> TextBoxVariable:
    return (
        TextBoxVariable("currency")
        .label("Currency")
        .description("The currency symbol; nothing is converted")
        .default_value("€")
        .current(VariableOption(selected=True, text="€", value="€"))
    )


def _all_of(name: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(name.capitalize())
        .datasource(DATASOURCE)
        .query(query)
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )
