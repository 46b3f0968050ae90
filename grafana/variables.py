"""What one chooses at the top of a dashboard."""

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
        .all_value(".*")  # inverters without a layout are of the array ""
        .description("The sides of the roof, as the config of the exporter names them")
    )


def meter() -> QueryVariable:
    """For `meter=~"$meter"`; the grid's, and where there is none, the first."""
    query = 'label_values(enphase_meter_phase_power_watts{job=~"$job", instance=~"$instance"}, meter)'
    return (
        _all_of("meter", query)
        .description("Whose phases are shown: the grid's (net-consumption), or another current transformer's")
        .current(VariableOption(selected=True, text="net-consumption", value="net-consumption"))
    )


def price(direction: str) -> CustomVariable:
    """A list in which one types one's own: a text box can be left empty, and no query would work any more."""
    tariff, nothing = "as it was", "NaN"
    cents = ", ".join(f"{each / 100:.2f}" for each in (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50))
    return (
        CustomVariable(f"{direction}_price")
        .label(f"{direction.capitalize()} price")
        .description(
            "What if a kilowatt-hour had one price: choose one, or type your own, with a point. "
            "As it was: the price of each moment, by the price rules in prometheus/rules"
        )
        .values(f"{tariff} : {nothing}, {cents}")
        .current(VariableOption(selected=True, text=tariff, value=nothing))
        .allow_custom_value(allow_custom_value=True)
    )


def currency() -> TextBoxVariable:
    return (
        TextBoxVariable("currency")
        .label("Currency")
        .description("How it is written beside money; nothing is converted")
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
