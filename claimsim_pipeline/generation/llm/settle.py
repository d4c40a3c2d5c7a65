"""From proposals to drafts: repaired, groups made consistent, narratives held against their rows.

What a proposal does not hold (segment, weight, how often a claim is cut) comes
from the offline generator, which also makes the claims that the model did not
deliver, where that is allowed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.atlas import Atlas, atlas
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.door import DRAFT_COLUMNS, ClaimGenerator
from claimsim_pipeline.generation.groups import align
from claimsim_pipeline.generation.llm import repair
from claimsim_pipeline.generation.llm.dialogue import Proposal
from claimsim_pipeline.generation.llm.narrative_check import NarrativeCheck, Row
from claimsim_pipeline.generation.llm.prompt import prompt_version
from claimsim_pipeline.generation.llm.texts import Texts
from claimsim_pipeline.generation.mutator import mutate
from claimsim_pipeline.generation.narrative import narrate
from claimsim_pipeline.generation.secondary import LIST

Proposals = Mapping[int, Proposal | None]


class Settler:
    """Settles claims of one call's briefs.

    Args:
        briefs: What each claim is to be.
        reference: Of the base.
        texts: Names and labels.
        model: That wrote the proposals.
        fallback: Makes what was not proposed; None: there is no such thing.

    Attributes:
        repairs: How often what was put right.
    """

    def __init__(
        self,
        briefs: Briefs,
        reference: Reference,
        texts: Texts,
        *,
        model: str,
        fallback: ClaimGenerator | None,
    ) -> None:
        self._briefs, self._reference = briefs, reference
        self._atlas: Atlas = atlas(reference)
        self._texts, self._model, self._fallback = texts, model, fallback
        self._check = NarrativeCheck(texts.labels())
        self._known = _codes(reference)
        self.repairs: Counter[str] = Counter()

    def prepare(self) -> None:
        """Lay out what the base teaches, so that the first claims do not hold up the others."""
        briefs = self._briefs
        mutate(Briefs(briefs.frame.iloc[:1], briefs.dice[:1]), self._reference)

    def settle(self, proposals: Proposals) -> pd.DataFrame:
        """The drafts of whole units, in the order of their rows."""
        rows = sorted(proposals)
        written = [proposals[row] for row in rows]
        briefs = self._with_cases(rows, written)
        drafts = self._drafted(briefs, written)
        for proposal in written:
            self.repairs.update(proposal.repairs if proposal else [])
        drafts = align(drafts, briefs.frame)
        return self._narrated(drafts, briefs)[list(DRAFT_COLUMNS)]

    def _with_cases(self, rows: list[int], written: list[Proposal | None]) -> Briefs:
        told = self._briefs.frame.iloc[rows].reset_index(drop=True)
        cases = [
            proposal.case_key if proposal else int(own)
            for proposal, own in zip(written, told["case_key"], strict=True)
        ]
        told = told.assign(case_key=np.array(cases, dtype=np.uint64))
        return Briefs(told, self._briefs.dice[rows])

    def _drafted(self, briefs: Briefs, written: list[Proposal | None]) -> pd.DataFrame:
        """The offline drafts, overwritten with what the model proposed."""
        drafts = self._offline(briefs, written)
        ours = np.array([n for n, proposal in enumerate(written) if proposal], dtype=np.int64)
        if not len(ours):
            return drafts
        offers = [proposal for proposal in written if proposal]
        told = briefs.frame.iloc[ours].reset_index(drop=True)
        values = self._repaired(offers, told, drafts.iloc[ours])
        for name, column in values.items():
            drafts[name] = _placed(drafts[name], ours, column)
        return drafts

    def _offline(self, briefs: Briefs, written: list[Proposal | None]) -> pd.DataFrame:
        if self._fallback is None or all(written):
            return mutate(briefs, self._reference)
        made = pd.concat(list(self._fallback.generate(briefs, self._reference)))
        return made.set_index("slot").loc[briefs.frame["slot"]].reset_index()

    def _repaired(
        self, offers: list[Proposal], told: pd.DataFrame, offline: pd.DataFrame
    ) -> dict[str, object]:
        replies = [offer.reply for offer in offers]
        claims = [reply.amount_claimed for reply in replies]
        claimed = repair.amounts(claims, told, self._atlas, self.repairs)
        theirs = tuple(offline[name].to_numpy(float) for name in ("amount_claimed", "amount_paid"))
        paid = [reply.amount_paid for reply in replies]
        return {
            "los": repair.stays([reply.los for reply in replies], told, self.repairs),
            "amount_claimed": claimed,
            "amount_paid": repair.payments(
                paid, claimed, claims, (theirs[0], theirs[1]), self.repairs
            ),
            "dx_secondary_codes": self._secondary(offers, told, offline),
            "narrative": [reply.narrative for reply in replies],
            "generator": ["llm"] * len(replies),
            "llm_model": [self._model] * len(replies),
            "prompt_version": [prompt_version()] * len(replies),
            "generator_flags": [repair.flags(reply.flags) for reply in replies],
        }

    def _secondary(
        self, offers: list[Proposal], told: pd.DataFrame, offline: pd.DataFrame
    ) -> list[list[str] | None]:
        lists = []
        low, high = (told[f"secondary_{end}"].tolist() for end in ("min", "max"))
        spare = _lists(offline["dx_secondary_codes"])
        for n, row in enumerate(self._cases(told)):
            dx = self._texts.case("dx_primary_code", row)
            written = offers[n].reply.dx_secondary_codes
            bounds = (low[n], high[n])
            right = repair.secondary(written, dx, bounds, self._known, self.repairs)
            lists.append((spare[n] if right is None else right) or None)
        return lists

    def _narrated(self, drafts: pd.DataFrame, briefs: Briefs) -> pd.DataFrame:
        """Narratives that do not agree with their final rows are made anew."""
        texts = [_one_line(str(text)) for text in drafts["narrative"]]
        wrong = []
        for n, row in enumerate(self._rows(drafts)):
            problem = self._check.problem(texts[n], row)
            if problem:
                self.repairs[f"narrative_{problem}"] += drafts["generator"].iloc[n] == "llm"
                wrong.append(n)
        if wrong:
            again = drafts.iloc[wrong].reset_index(drop=True)
            made = narrate(again, self._reference, briefs.dice[wrong])
            for n, text in zip(wrong, made, strict=True):
                texts[n] = text
        return drafts.assign(narrative=pd.Series(texts, index=drafts.index, dtype="str"))

    def _rows(self, drafts: pd.DataFrame) -> list[Row]:
        codes = _lists(drafts["dx_secondary_codes"])
        amounts = zip(drafts["amount_claimed"], drafts["amount_paid"], strict=True)
        los = drafts["los"].tolist()
        facilities = self._atlas.facilities.rows(drafts["facility_key"].to_numpy(dtype=np.uint64))
        return [
            self._row(case, int(facilities[n]), los[n], codes[n] or [], pair)
            for n, (case, pair) in enumerate(zip(self._cases(drafts), amounts, strict=True))
        ]

    def _row(
        self, case: int, facility: int, los: int, codes: list[str], pair: tuple[float, float]
    ) -> Row:
        texts = self._texts
        full = texts.case("procedure_label", case)
        dx = texts.case("dx_primary_code", case)
        return Row(
            label=texts.case_label(case),
            codes=(dx, *([full] if full.startswith(dx) else []), *codes),
            outpatient=texts.case("service_type", case) == "RJTL",
            los=los,
            amounts=(int(pair[0]), int(pair[1])),
            facility=texts.facility("facility_name", facility),
        )

    def _cases(self, frame: pd.DataFrame) -> list[int]:
        keys = frame["case_key"].to_numpy(dtype=np.uint64)
        found: list[int] = self._atlas.cases.rows(keys).tolist()
        return found


def _one_line(text: str) -> str:
    """Line breaks and tabs do no harm; other control characters are judged later."""
    return " ".join(re.split(r"[ \t\r\n]+", text.strip()))


def _placed(column: pd.Series, rows: np.ndarray, values: object) -> pd.Series:
    """A column with some values replaced; its type stays."""
    plain = column.astype(object).to_numpy(dtype=object, copy=True)
    fresh = np.empty(len(rows), dtype=object)
    fresh[:] = list(values)  # type: ignore[call-overload]  # one of several sequence types
    plain[rows] = fresh
    if column.dtype == LIST:
        lists = [None if _missing(item) else list(item) for item in plain]
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(lists, pa.list_(pa.string()))))
    return pd.Series(plain, index=column.index).astype(column.dtype)


def _lists(column: pd.Series) -> list[list[str] | None]:
    return [None if _missing(item) else [str(code) for code in item] for item in column]


def _missing(item: object) -> bool:
    return item is None or item is pd.NA or isinstance(item, float)


def _codes(reference: Reference) -> frozenset[str]:
    """Secondary diagnoses that the base has."""
    codes = reference.donors["dx_secondary_codes"].explode().dropna().unique()
    seen = {str(code) for code in codes}
    return frozenset(seen | set(reference.secondary_labels))
