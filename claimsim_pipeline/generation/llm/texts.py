"""Names and labels of the base's blocks, looked up by row number without frames."""

from __future__ import annotations

from functools import cache

from claimsim_pipeline.generation.atlas import Atlas


class Texts:
    """The text of facilities and cases.

    Args:
        atlas: Of the base.
    """

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._facilities = cache(self._facility_column)
        self._cases = cache(self._case_column)

    def facility(self, column: str, row: int) -> str:
        """A facility's text; empty where it is NULL."""
        return self._facilities(column)[row]

    def case(self, column: str, row: int) -> str:
        """A case's text; empty where it is NULL."""
        return self._cases(column)[row]

    def case_label(self, row: int) -> str:
        """The label of a case's diagnosis; its code where it has none."""
        return self.case("dx_primary_label", row) or self.case("dx_primary_code", row)

    def labels(self) -> dict[str, str]:
        """Diagnosis code of every label that the base has."""
        codes = self._cases("dx_primary_code")
        return dict(zip(self._cases("dx_primary_label"), codes, strict=True))

    def facility_names(self) -> list[str]:
        """Every name of a facility."""
        return self._facilities("facility_name")

    def _facility_column(self, column: str) -> list[str]:
        return [str(text) for text in self._atlas.facilities.text(column)]

    def _case_column(self, column: str) -> list[str]:
        return [str(text) for text in self._atlas.cases.text(column)]
