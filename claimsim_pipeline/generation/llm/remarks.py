"""What a user should hear of a run in which the model or its journal was not at its best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence


def remarks(
    *, closed: str | None, lost: Mapping[str, int], damaged: Sequence[str], model: str
) -> list[str]:
    """Sentences, none if all went well.

    Args:
        closed: Why the model is not asked any more; None while it is.
        lost: Claims that were asked for and given up, by cause.
        damaged: Damaged places of the journal, as ``file:line``.
        model: That was asked.
    """
    told = []
    if closed is not None:
        told.append(f"{model} is not asked any more in this run: {closed}.")
    if lost:
        claims = sum(lost.values())
        cause, _ = Counter(lost).most_common(1)[0]
        told.append(f"{model} did not deliver {claims} claim{'s'[: claims > 1]}; mostly: {cause}.")
    if damaged:
        others = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        told.append(
            f"A damaged reply in the journal was passed over, and is bought again: "
            f"{damaged[0]}{others}."
        )
    return told
