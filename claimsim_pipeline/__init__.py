"""Simulated BPJS hospital claims that keep arriving, with known fraud in them."""

__version__ = "0.1.0"
