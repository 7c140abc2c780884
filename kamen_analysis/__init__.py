"""See, measure and prove how virtual-goods shops refuse refunds."""
