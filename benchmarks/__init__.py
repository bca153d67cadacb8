"""What the README claims about speed, measured: ratios within one run, or time per call."""
