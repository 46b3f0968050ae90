#!/bin/sh
# make demo-prometheus: the exporter on a simulated gateway and Debian's Prometheus with the rules, until Ctrl-C.
# All data is deleted at the end.
set -eu
cd "$(dirname "$0")/../.."
exporter="${1:-.venv/bin/envoy-exporter}"
exporter_at="localhost:${EXPORTER_PORT:-9433}"
prometheus_at="localhost:${PROMETHEUS_PORT:-9090}"
command -v prometheus >/dev/null || { echo "Prometheus is missing: sudo apt install prometheus" >&2; exit 1; }

data="$(mktemp -d)"
children=
clean_up() {
    trap - EXIT INT TERM
    for child in $children; do kill "$child" 2>/dev/null || true; done
    wait
    rm -rf "$data"
}
trap clean_up EXIT
trap 'exit 0' INT TERM

# start NAME PATTERN COMMAND...: starts COMMAND in the background, with its output in NAME.log, and waits for PATTERN in it.
start() {
    log="$data/$1.log" pattern="$2"
    shift 2
    "$@" >"$log" 2>&1 &
    child="$!"
    children="$children $child"
    until grep -q "$pattern" "$log" 2>/dev/null; do
        kill -0 "$child" 2>/dev/null || fail "$log"
        sleep 0.1
    done
}

fail() {
    echo "A process exited. The end of its log:" >&2
    grep -ih error "$@" >&2 || tail -n 5 "$@" >&2
    echo "Is the port taken? EXPORTER_PORT=9434 PROMETHEUS_PORT=9091 make demo-prometheus" >&2
    exit 1
}

# The exporter first: Prometheus requests /sd at its start and then once a minute.
start exporter "msg=listening" "$exporter" --demo --web.listen-address="$exporter_at"
# A simulated day takes twenty minutes, so Prometheus scrapes more often.
sed -e "s/localhost:9433/$exporter_at/" -e 's/scrape_interval: 1m/scrape_interval: 5s/' \
    prometheus/prometheus.yml >"$data/prometheus.yml"
cp -R prometheus/rules "$data/rules"
start prometheus "Server is ready" prometheus --config.file="$data/prometheus.yml" \
    --storage.tsdb.path="$data/prometheus" --web.listen-address="$prometheus_at"

cat <<ADDRESSES
A simulated gateway, the exporter and Prometheus with the rules:
  exporter       http://$exporter_at/
  Prometheus     http://$prometheus_at/graph?g0.expr=instance%3Aenphase_flow_watts%3Amean5m&g0.tab=0&g0.range_input=1h
  rules          http://$prometheus_at/rules
  alerts         http://$prometheus_at/alerts
A simulated day takes twenty minutes; the flows begin after about five. Logs are in $data. Press Ctrl-C to stop.
ADDRESSES
while sleep 1; do
    for child in $children; do
        kill -0 "$child" 2>/dev/null || fail "$data"/*.log
    done
done
