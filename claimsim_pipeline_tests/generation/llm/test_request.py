from __future__ import annotations

import json
import os
from pathlib import Path

from claimsim_pipeline.claims.columns import IDENTIFIERS
from claimsim_pipeline.generation.llm.prompt import instructions, prompt_version
from claimsim_pipeline.generation.llm.request import Requests
from claimsim_pipeline.generation.llm.schema import text_format
from claimsim_pipeline_tests.generation.llm.conftest import MODEL, Make, Serve, World, collected

SNAPSHOT = Path(__file__).with_name("prompt_snapshot.txt")


def test_a_change_of_the_prompt_or_the_schema_is_seen() -> None:
    said = f"{prompt_version()}\n{instructions()}\n{json.dumps(text_format(), indent=1)}\n"
    assert said == SNAPSHOT.read_text(encoding="utf-8"), f"if that is meant, renew {SNAPSHOT.name}"


def test_requests_begin_with_the_same_bytes_and_are_valid_json(world: World) -> None:
    requests = Requests(world.briefs(30), world.reference, MODEL)
    bodies = [requests.make(row, 0).body for row in range(30)]
    static = bodies[0][: bodies[0].index(b'"input"')]
    assert all(body.startswith(static) for body in bodies)
    assert len(static) > 0.7 * len(bodies[0])
    assert len(set(bodies)) == 30
    told = json.loads(bodies[0])
    assert (told["store"], told["text"]["format"]["strict"]) == (False, True)


def test_the_hash_holds_the_claim_and_the_attempt(world: World) -> None:
    requests = Requests(world.briefs(5), world.reference, MODEL)
    first, second = requests.make(0, 0), requests.make(0, 1)
    assert first.body == second.body
    assert first.hash != second.hash
    assert requests.make(0, 0).hash == first.hash


def test_no_identifier_of_the_base_is_ever_sent(world: World, serve: Serve, make: Make) -> None:
    server = serve(malformed=0.2, unknown_dx=0.2)
    briefs = world.briefs(40)
    collected(make(server), briefs, world.reference)
    bodies = server.model.bodies
    known = max(0, len(os.path.commonprefix(bodies)) - 1_000)  # what all begin with: once will do
    sent = b"\n".join([bodies[0], *(body[known:] for body in bodies[1:])])
    secrets = {str(v) for name in IDENTIFIERS for v in world.base[name].dropna().unique()}
    secrets |= {*briefs.frame["claim_id"], *briefs.frame["key"]}
    assert len(secrets) > 6_000
    assert not [secret for secret in secrets if secret.encode() in sent]


def test_every_candidate_belongs_to_the_base_and_groups_have_only_their_own(world: World) -> None:
    briefs = world.briefs(300)
    requests = Requests(briefs, world.reference, MODEL)
    known = set(world.reference.cases["case_key"].tolist())
    sizes = briefs.frame.groupby("unit")["slot"].transform("size")
    several = 0
    for row, size in enumerate(sizes):
        candidates = requests.candidates(row)
        assert candidates[0].case_key == briefs.frame["case_key"].iloc[row]
        assert {candidate.case_key for candidate in candidates} <= known
        assert size == 1 or len(candidates) == 1
        several += len(candidates) > 1
    assert several > 30
