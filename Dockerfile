FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE constraints.txt exporter.example.yml ./
COPY envoy_exporter envoy_exporter
COPY envoy_simulator envoy_simulator
COPY deploy/systemd deploy/systemd
COPY prometheus prometheus
COPY grafana/dashboards grafana/dashboards
COPY grafana/provisioning grafana/provisioning
# pip stays outside the environment that is copied into the image.
RUN python -m venv --without-pip /opt/envoy-exporter \
    && python -m pip --python /opt/envoy-exporter/bin/python install --no-cache-dir --constraint constraints.txt '.[auth]'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="envoy_exporter" \
      org.opencontainers.image.description="Prometheus exporter for the Enphase Envoy (IQ Gateway)" \
      org.opencontainers.image.url="https://github.com/envoy-exporter/envoy_exporter" \
      org.opencontainers.image.source="https://github.com/envoy-exporter/envoy_exporter" \
      org.opencontainers.image.documentation="https://github.com/envoy-exporter/envoy_exporter/blob/main/docs/installation.md" \
      org.opencontainers.image.licenses="Apache-2.0"
# The state directory is writable for user 65534; a volume gets its owner. The base image's pip is not needed any more.
RUN python -m pip uninstall --yes --root-user-action=ignore pip \
    && mkdir -p /etc/envoy-exporter /var/lib/envoy-exporter \
    && chown 65534:65534 /var/lib/envoy-exporter
COPY --from=build /opt/envoy-exporter /opt/envoy-exporter
ENV PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
WORKDIR /etc/envoy-exporter
VOLUME /var/lib/envoy-exporter
EXPOSE 9433
# It follows --web.listen-address and TLS of the running exporter.
HEALTHCHECK --interval=1m --timeout=10s --start-period=30s --start-interval=2s \
    CMD ["/opt/envoy-exporter/bin/python", "-m", "envoy_exporter.healthcheck"]
# exporter.yml in /etc/envoy-exporter, or the environment: ENVOY_HOST, ENVOY_TOKEN_FILE ...
ENTRYPOINT ["/opt/envoy-exporter/bin/envoy-exporter"]
