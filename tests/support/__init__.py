"""What tests share: strict parsers, clocks to turn, an exporter to scrape, gateways that misbehave."""
