"""`/info`: the identity of the gateway. XML, and the only document that requires no credentials on any firmware."""

from envoy_simulator.documents.moment import Moment
from envoy_simulator.http_types import Version
from envoy_simulator.profiles import Profile

_BUILT = {4: 1542240000, 5: 1626220800, 7: 1687392000, 8: 1709251200}
"""The build time by major version of the firmware; 3.x does not report it."""


def info(moment: Moment) -> bytes:
    profile = moment.profile
    metered = "" if profile.metered is None else f"    <imeter>{profile.metered}</imeter>\n"
    tokens = "  <web-tokens>true</web-tokens>\n" if profile.requires_token else ""
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<envoy_info>\n"
        f"  <time>{int(moment.time)}</time>\n"
        "  <device>\n"
        f"    <sn>{profile.serial}</sn>\n"
        f"    <pn>{profile.part_number}</pn>\n"
        f"    <software>{profile.software}</software>\n"
        "    <euaid>4c8675</euaid>\n"
        "    <seqnum>0</seqnum>\n"
        "    <apiver>1</apiver>\n"
        f"{metered}"
        "  </device>\n"
        f"{tokens}{_packages(profile.firmware)}{_build(profile)}"
        "</envoy_info>\n"
    )
    return text.encode()


def _packages(firmware: Version) -> str:
    """The images of the firmware. The version of `app` is that of the firmware, each part with at least two digits."""
    app = ".".join(f"{part:02d}" for part in firmware)
    images = [
        ("rootfs", "500-00001-r01", "02.00.00"),
        ("app", "500-00002-r01", app),
        ("boot", "590-00018-r01", "02.00.01"),
    ]
    if firmware >= (4,):
        images.append(("meter", "500-00013-r01", "03.02.08"))
    return "".join(
        f"  <package name='{name}'>\n    <pn>{part}</pn>\n    <version>{number}</version>\n"
        f"    <build>{0x51AE00 + index:06x}</build>\n  </package>\n"
        for index, (name, part, number) in enumerate(images)
    )


def _build(profile: Profile) -> str:
    built = _BUILT.get(profile.firmware[0])
    if built is None:
        return ""
    release = "    <release_ver>02.00.4240</release_ver>\n    <release_stage>700-GA</release_stage>\n"
    return (
        "  <build_info>\n"
        f"    <build_id>simulated-{profile.name}</build_id>\n"
        f"    <build_time_gmt>{built}</build_time_gmt>\n"
        f"{release if profile.requires_token else ''}"
        "  </build_info>\n"
    )
