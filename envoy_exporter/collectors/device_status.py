"""The flags of `device_status`: the condition of a device, as the device or the gateway reports it.

Collected from public clients. Firmware has further flags, which are exposed as `other`.
"""

FLAG_SUFFIXES = {
    "envoy.cond_flags.acb_ctrl.": (
        "bmudatabounds bmuhardwareerror bmuimageerror bmumaxcurrentwarning bmusenseerror cellmaxtemperror"
        " cellmaxtempwarning cellmaxvoltageerror cellmaxvoltagewarning cellmintemperror cellmintempwarning"
        " cellminvoltageerror cellminvoltagewarning cibcanerror cibimageerror cibspierror"
    ),
    "envoy.cond_flags.nsrb_ctrl.": (
        "acfreqhigh acfreqlow acfrequencyoor acvoltageavgline1 acvoltageavgline2 acvoltageavgline3"
        " acvoltagehighline1 acvoltagehighline2 acvoltagehighline3 acvoltagelowline1 acvoltagelowline2"
        " acvoltagelowline3 acvoltageoorline1 acvoltageoorline2 acvoltageoorline3 buttonpress dcgriderror"
        " dcgridhigh dcgridlow relayforced relayopen rocof"
    ),
    "envoy.cond_flags.obs_strs.": (
        "discovering failure flasherror notmonitored ok plmerror secmodeenterfailure secmodeexitfailure sleeping"
        " verifing"
    ),
    "envoy.cond_flags.pcu_chan.": (
        "acMonitorError acfrequencyhigh acfrequencylow acfrequencyoor acvoltage_avg_hi acvoltagehigh acvoltagelow"
        " acvoltageoor acvoltageoosp1 acvoltageoosp2 acvoltageoosp3 agfpowerlimiting dcresistancelow"
        " dcresistancelowpoweroff dcvoltagetoohigh dcvoltagetoolow dfdt gfitripped gridgone gridinstability"
        " gridoffsethi gridoffsetlow hardwareError hardwareWarning highskiprate invalidinterval pwrgenoffbycmd"
        " skippedcycles vreferror"
    ),
    "envoy.cond_flags.pcu_ctrl.": (
        "altpwrgenmode altvfsettings badflashimage bricked commandedreset criticaltemperature dc-pwr-low"
        " iuplinkproblem lertactive manutestmode nsync overtemperature poweronreset pwrgenoffbycmd runningonac"
        " sleep-mode tpmtest unexpectedreset watchdogreset"
    ),
    "envoy.cond_flags.rgm_chan.": "check_meter power_quality",
    "envoy.cond_flags.": "undef-0x00020000",
    "envoy.global.": "ok",
    "prop.": "done not.done",
}
"""The last parts of the flags, by the prefix that they share."""

FLAGS = tuple(f"{prefix}{suffix}" for prefix, suffixes in FLAG_SUFFIXES.items() for suffix in suffixes.split())
"""Every known flag. `envoy.global.ok` means that the device has no fault."""
