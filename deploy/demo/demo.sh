#!/bin/sh
# make demo-prometheus: the exporter on a simulated gateway and Debian's Prometheus with the rules, until Ctrl-C.
# Nothing of it is kept.
set -eu
cd "$(dirname "$0")/../.."
exporter="${1:-.venv/bin/envoy-exporter}"
exporter_at="localhost:${EXPORTER_PORT:-9433}"
prometheus_at="localhost:${PROMETHEUS_PORT:-9090}"
command -v prometheus >/dev/null || { echo "Prometheus is missing: sudo apt install prometheus" >&2; exit 1; }

data="$(mktemp -d)"
children=
ended() {
    trap - EXIT INT TERM
    for child in $children; do kill "$child" 2>/dev/null || true; done
    wait
    rm -rf "$data"
}
trap ended EXIT
trap 'exit 0' INT TERM

# start NAME WORDS COMMAND...: in the background, its words in NAME.log, until it says WORDS.
start() {
    log="$data/$1.log" ready="$2"
    shift 2
    "$@" >"$log" 2>&1 &
    child="$!"
    children="$children $child"
    until grep -q "$ready" "$log" 2>/dev/null; do
        kill -0 "$child" 2>/dev/null || failed "$log"
        sleep 0.1
    done
}

failed() {
    echo "It ended. Its last words:" >&2
    grep -ih error "$@" >&2 || tail -n 5 "$@" >&2
    echo "Is the port taken? EXPORTER_PORT=9434 PROMETHEUS_PORT=9091 make demo-prometheus" >&2
    exit 1
}

# The exporter first: Prometheus asks /sd at once and then each minute, and should find somebody there.
start exporter "listening on" "$exporter" --demo --web.listen-address="$exporter_at"
# The sun's day takes twenty minutes here, so it is looked at more often.
sed -e "s/localhost:9433/$exporter_at/" -e 's/scrape_interval: 1m/scrape_interval: 5s/' \
    prometheus/prometheus.yml >"$data/prometheus.yml"
cp -R prometheus/rules "$data/rules"
start prometheus "Server is ready" prometheus --config.file="$data/prometheus.yml" \
    --storage.tsdb.path="$data/prometheus" --web.listen-address="$prometheus_at"

cat <<WHERE
A simulated gateway, the exporter and a Prometheus with the rules:
  the exporter   http://$exporter_at/
  Prometheus     http://$prometheus_at/graph?g0.expr=instance%3Aenphase_flow_watts%3Amean5m&g0.tab=0&g0.range_input=1h
  its rules      http://$prometheus_at/rules
  the alerts     http://$prometheus_at/alerts
The sun's day takes twenty minutes; the flows are there after some five. Logs are in $data. Stop it with Ctrl-C.
WHERE
while sleep 1; do
    for child in $children; do
        kill -0 "$child" 2>/dev/null || failed "$data"/*.log
    done
done
