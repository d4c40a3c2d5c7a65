"""What every command is handed: the environment, read once, when needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimsim_pipeline.settings import Settings


class Door:
    """The environment of a command.

    Attributes:
        environ: Variables of the process, or of a test.
        verbose: Whether errors come with their traceback.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.verbose = False

    def settings(self, **overrides: object) -> Settings:
        """The settings; what the command line says overrides the environment."""
        from claimsim_pipeline.settings import load_settings

        told = {name: str(value) for name, value in overrides.items() if value is not None}
        return load_settings({**self.environ, **told}, dotenv=Path(".env"))
