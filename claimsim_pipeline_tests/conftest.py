"""What all tests share: how many examples a property is tried on, and a Ctrl-C that is heard."""

from __future__ import annotations

import signal

from hypothesis import settings

from claimsim_pipeline_tests.examples import examples

settings.register_profile("ours", examples(40))
settings.load_profile("ours")

# A shell hands a background job an ignored SIGINT, which its children inherit:
# no process that a test starts would hear the test's Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
