FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY envoy_exporter envoy_exporter
COPY envoy_simulator envoy_simulator
RUN python -m venv /opt/envoy-exporter \
    && /opt/envoy-exporter/bin/pip install --no-cache-dir --constraint constraints.txt '.[auth]'

FROM python:3.13-slim
COPY --from=build /opt/envoy-exporter /opt/envoy-exporter
USER 65534:65534
WORKDIR /etc/envoy-exporter
EXPOSE 9433
# A connection is proof enough: with TLS or basic auth /-/healthy wants more than this knows.
HEALTHCHECK --interval=30s --timeout=5s CMD ["/opt/envoy-exporter/bin/python", "-c", \
    "import socket; socket.create_connection(('127.0.0.1', 9433), 4)"]
# exporter.yml in /etc/envoy-exporter, or the environment: ENVOY_HOST, ENVOY_TOKEN_FILE ...
ENTRYPOINT ["/opt/envoy-exporter/bin/envoy-exporter"]
