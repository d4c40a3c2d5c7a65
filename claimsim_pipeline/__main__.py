"""``python -m claimsim_pipeline …`` is ``claimsim …``."""

from claimsim_pipeline.cli import run

run()
