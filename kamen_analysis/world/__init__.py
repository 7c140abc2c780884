"""A synthetic world of complaint posts with known truth, and the loopback board that shows it. Nothing in it is a real complaint."""
