"""``python -m claimsim_pipeline …`` is ``claimsim …``."""

import sys

from claimsim_pipeline.cli import main

sys.exit(main())
