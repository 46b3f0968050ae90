"""The options of a field, by its panel's defaults and overrides, and its colour."""

from typing import Any

from matplotlib.colors import to_rgb

Json = Any
GRID = "#2C3235"
CLASSIC = ("#73BF69", "#F2CC0C", "#5794F2", "#FF9830", "#F2495C", "#B877D9", "#8AB8FF", "#FFB357", "#FF7383", "#CA95E5")


def field_of(panel: Json, name: str, reference: str = "", kind: str = "number") -> dict[str, Any]:
    """Return the field's options: defaults with the overrides applied; custom ones under `custom.`."""
    defaults = panel["fieldConfig"]["defaults"]
    field = {key: value for key, value in defaults.items() if key != "custom"}
    field.update({f"custom.{key}": value for key, value in defaults.get("custom", {}).items()})
    for override in panel["fieldConfig"].get("overrides", ()):
        matched = {"byName": name, "byFrameRefID": reference, "byType": kind}
        if matched[override["matcher"]["id"]] == override["matcher"].get("options"):
            field.update({option["id"]: option["value"] for option in override["properties"]})
    return field


def colour_of(field: Json, value: float | str | None, place: int) -> str:
    mode = field.get("color", {}).get("mode", "")
    for mapping in field.get("mappings", ()):
        found = mapping["options"].get(f"{value:g}" if isinstance(value, float) else value, {})
        if found.get("color"):
            return str(found["color"])
    if mode == "fixed":
        return str(field["color"]["fixedColor"])
    if mode == "thresholds" and isinstance(value, float):
        return _step(field, value)
    if mode.startswith("continuous") and isinstance(value, float):
        return _between(field, value)
    return CLASSIC[place % len(CLASSIC)]


def _step(field: Json, value: float) -> str:
    colour = GRID
    for step in field.get("thresholds", {}).get("steps", ()):
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return colour


SCALES = {
    "continuous-YlRd": ("#F2CC0C", "#F2495C"),
    "continuous-GrYlRd": ("#73BF69", "#F2CC0C", "#F2495C"),
    "continuous-RdYlGr": ("#F2495C", "#F2CC0C", "#73BF69"),
    "continuous-BlYlRd": ("#5794F2", "#F2CC0C", "#F2495C"),
    "continuous-blues": ("#1F2A44", "#5794F2"),
    "continuous-greens": ("#1E3B22", "#73BF69"),
    "continuous-reds": ("#4A1C22", "#F2495C"),
}


def _between(field: Json, value: float) -> str:
    low, high = float(field.get("min") or 0), float(field.get("max") or 1)
    share = min(1.0, max(0.0, (value - low) / ((high - low) or 1)))
    scale = [to_rgb(colour) for colour in SCALES.get(field["color"]["mode"], ("#1F2A44", "#F2CC0C"))]
    place = share * (len(scale) - 1)
    under = min(int(place), len(scale) - 2)
    mixed = (a + (b - a) * (place - under) for a, b in zip(scale[under], scale[under + 1], strict=True))
    return "#" + "".join(f"{round(255 * part):02X}" for part in mixed)
