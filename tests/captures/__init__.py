"""Every number of the recorded gateways, compared with what `expected` computes from the recordings."""
