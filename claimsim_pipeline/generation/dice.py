"""The dice of a claim: one uniform in [0, 1) for each decision.

The plan draws a row of :data:`DICE` uniforms for every slot; whoever decides
something reads the column that is named for it here and nothing else. A decision
thus never shifts another one, and a claim comes out the same alone or among
a million.
"""

from __future__ import annotations

from enum import IntEnum, auto


class Die(IntEnum):
    """Columns of the dice array."""

    SCENARIO = 0  # which scenario a fraud claim follows
    SIZE = auto()  # how many claims its group has
    CONCENTRATION = auto()  # in one of the bad facilities, or anywhere
    FACILITY = auto()  # which bad facility
    ANCHOR = auto()  # which row of the base a claim is anchored to
    SERIES = auto()  # whether an honest claim is part of a series of visits
    CARE_END = auto()  # days between the end of care and the claim
    GAP = auto()  # days between the visits of one patient
    LOS = auto()
    SECONDARY = auto()
    AMOUNT = auto()
    PAID = auto()
    SEGMENT = auto()
    WEIGHT = auto()
    SCALE = auto()  # how strong a scenario's effect is
    OPENING = auto()  # the narrative's sentences
    COURSE = auto()
    CLOSING = auto()
    REPAIR_LOS = auto()  # repairs of what a model wrote
    REPAIR_AMOUNT = auto()
    REPAIR_SECONDARY = auto()
    RECOMBINE = auto()  # which case of its kind of hospital an honest claim has
    INSTEAD = auto()  # the scenario of a claim whose group does not fit any more
    SPARE = auto()


DICE = len(Die)
