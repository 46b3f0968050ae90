"""What tests share: strict parsers, manual clocks, an exporter to scrape, gateways that misbehave."""
