"""The flags of `device_status` that public clients know; the exporter exposes another one as `other`."""

from collections.abc import Iterator

from captures.expected.check import Find, Item, Part, check, part
from captures.recording import Recording

_FLAG_SUFFIXES = {
    "envoy.cond_flags.acb_ctrl": """
        bmudatabounds bmuhardwareerror bmuimageerror bmumaxcurrentwarning bmusenseerror cellmaxtemperror
        cellmaxtempwarning cellmaxvoltageerror cellmaxvoltagewarning cellmintemperror cellmintempwarning
        cellminvoltageerror cellminvoltagewarning cibcanerror cibimageerror cibspierror
    """,
    "envoy.cond_flags.nsrb_ctrl": """
        acfreqhigh acfreqlow acfrequencyoor acvoltageavgline1 acvoltageavgline2 acvoltageavgline3
        acvoltagehighline1 acvoltagehighline2 acvoltagehighline3 acvoltagelowline1 acvoltagelowline2
        acvoltagelowline3 acvoltageoorline1 acvoltageoorline2 acvoltageoorline3 buttonpress dcgriderror
        dcgridhigh dcgridlow relayforced relayopen rocof
    """,
    "envoy.cond_flags.obs_strs": """
        discovering failure flasherror notmonitored ok plmerror secmodeenterfailure secmodeexitfailure sleeping
        verifing
    """,
    "envoy.cond_flags.pcu_chan": """
        acMonitorError acfrequencyhigh acfrequencylow acfrequencyoor acvoltage_avg_hi acvoltagehigh acvoltagelow
        acvoltageoor acvoltageoosp1 acvoltageoosp2 acvoltageoosp3 agfpowerlimiting dcresistancelow
        dcresistancelowpoweroff dcvoltagetoohigh dcvoltagetoolow dfdt gfitripped gridgone gridinstability
        gridoffsethi gridoffsetlow hardwareError hardwareWarning highskiprate invalidinterval pwrgenoffbycmd
        skippedcycles vreferror
    """,
    "envoy.cond_flags.pcu_ctrl": """
        altpwrgenmode altvfsettings badflashimage bricked commandedreset criticaltemperature dc-pwr-low
        iuplinkproblem lertactive manutestmode nsync overtemperature poweronreset pwrgenoffbycmd runningonac
        sleep-mode tpmtest unexpectedreset watchdogreset
    """,
    "envoy.cond_flags.rgm_chan": "check_meter power_quality",
    "envoy.cond_flags": "undef-0x00020000",
    "envoy.global": "ok",
    "prop": "done not.done",
}
KNOWN = {f"{group}.{suffix}" for group, suffixes in _FLAG_SUFFIXES.items() for suffix in suffixes.split()}
ALL_KNOWN = "each word of device_status in the captures is a known one"


def status_flags(metric: str, devices: Find, *, no_known: str = "", no_other: str = ALL_KNOWN) -> tuple[Part, Part]:
    """A sample of 1 for each word. `no_known`, `no_other`: why no capture has such a word."""

    def known(recording: Recording) -> Iterator[Item]:
        return (({**labels, "flag": word}, word) for labels, word in _words(recording, devices) if word in KNOWN)

    def other(recording: Recording) -> Iterator[Item]:
        return (({**labels, "flag": "other"}, word) for labels, word in _words(recording, devices) if word not in KNOWN)

    flag = check(metric, lambda _: 1)
    return part(known, flag, no_capture=no_known), part(other, flag, no_capture=no_other)


def _words(recording: Recording, devices: Find) -> Iterator[tuple[dict[str, str], str]]:
    for labels, device in devices(recording):
        for word in device.get("device_status") or ():
            yield {**labels}, word
