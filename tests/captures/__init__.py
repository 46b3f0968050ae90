"""Every number of the recorded gateways, held against the recordings by a table and not by a second exporter."""
