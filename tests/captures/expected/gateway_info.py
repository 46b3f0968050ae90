"""/info: the gateway itself."""

from captures.expected.check import check, info, part

PARTS = (
    part(
        lambda recording: [({}, recording.device)],
        info("enphase_gateway_info", serial="sn", part_number="pn", firmware="software", metered="imeter"),
    ),
    part(
        lambda recording: [({}, recording.document("info").get("build_info", {}))],
        check("enphase_gateway_firmware_build_timestamp_seconds", "build_time_gmt", int),
    ),
)
