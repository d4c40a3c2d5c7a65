"""What all tests share: how many examples a property is tried on if it does not say."""

from __future__ import annotations

from hypothesis import settings

from claimsim_pipeline_tests.examples import examples

settings.register_profile("ours", examples(40))
settings.load_profile("ours")
