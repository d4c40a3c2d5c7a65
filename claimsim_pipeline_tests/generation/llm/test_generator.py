from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from claimsim_pipeline.claims.consequences import derive
from claimsim_pipeline.claims.invariants import check_frames
from claimsim_pipeline.errors import (
    BudgetStopped,
    ClaimsNotDelivered,
    FolderNotWritable,
    LLMUnavailable,
    UsageError,
)
from claimsim_pipeline.generation.brief import Briefs
from claimsim_pipeline.generation.door import DRAFT_COLUMNS
from claimsim_pipeline.generation.llm.generator import LLMGenerator
from claimsim_pipeline.generation.llm.money import Usage, tariff
from claimsim_pipeline.generation.llm.quarantine import put_away
from claimsim_pipeline.generation.mutator import Mutator, mutate
from claimsim_pipeline_tests.generation.llm.conftest import MODEL, Make, Serve, World, collected


def violations(drafts: pd.DataFrame, briefs: Briefs, world: World) -> pd.DataFrame:
    told = briefs.frame.iloc[drafts["slot"].to_numpy()].reset_index(drop=True)
    facts = drafts.assign(**{name: told[name] for name in ("key", "claim_id", "due_at")})
    claims = derive(facts, world.reference, timezone="Asia/Jakarta")
    found = check_frames(claims, world.base)
    return found[found["violations"] > 0]


@pytest.mark.parametrize("wild", [0.0, 1.0])
@pytest.mark.parametrize("profile", ["demo", "realistic"])
def test_whatever_the_model_writes_the_claims_are_valid(
    world: World, serve: Serve, make: Make, wild: float, profile: str
) -> None:
    briefs = world.briefs(60, profile=profile)
    drafts = collected(make(serve(wild=wild)), briefs, world.reference)
    told = briefs.frame
    assert drafts["slot"].tolist() == told["slot"].tolist()
    assert list(drafts.columns) == list(DRAFT_COLUMNS)
    assert drafts.dtypes.equals(mutate(briefs, world.reference).dtypes)
    for name, column in (("los", "los"), ("amount", "amount_claimed")):
        assert drafts[column].between(told[f"{name}_min"], told[f"{name}_max"]).all()
    assert (drafts["amount_paid"] <= drafts["amount_claimed"]).all()
    assert not drafts["narrative"].str.contains("<b>|fiktif|Budi|DROP").any()
    assert (drafts["generator"] == "llm").all()
    assert violations(drafts, briefs, world).empty


def test_flags_are_kept_and_repairs_are_counted(world: World, serve: Serve, make: Make) -> None:
    generator = make(serve(wild=1.0))
    drafts = collected(generator, world.briefs(20), world.reference)
    assert list(drafts["generator_flags"].iloc[0])[0] == "<script>alert(1)</script>"
    for name in ("service", "severity", "facility", "dx_label", "los_out_of_bounds"):
        assert generator.repairs[name] == 20
    assert generator.repairs["paid_more_than_claimed"] == 20


@pytest.mark.slow
def test_claims_of_a_group_agree(world: World, serve: Serve, make: Make) -> None:
    briefs = world.briefs(400)
    drafts = collected(make(serve(), concurrency=32), briefs, world.reference)
    repeats = briefs.frame[briefs.frame["scenario"] == "repeat_billing"]
    assert len(repeats) > 10
    for _, slots in repeats.groupby("unit")["slot"]:
        assert (
            drafts.loc[slots, ["amount_claimed", "participant_segment_code"]].nunique().max() == 1
        )


def test_units_come_whole_and_once(world: World, serve: Serve, make: Make) -> None:
    briefs = world.briefs(60)
    units = briefs.frame.set_index("slot")["unit"]
    seen: set[int] = set()
    for frame in make(serve(latency=0.01)).generate(briefs, world.reference):
        arrived = set(units[frame["slot"]])
        assert not arrived & seen
        assert units.isin(arrived).sum() == len(frame)
        seen |= arrived
    assert seen == set(units)


def test_spoilt_replies_are_asked_again_and_all_are_in_the_books(
    world: World, serve: Serve, make: Make
) -> None:
    server = serve(malformed=0.15, unknown_dx=0.05, refusal=0.03, cut=0.05)
    generator = make(server)
    assert len(collected(generator, world.briefs(80), world.reference)) == 80
    account, spent = server.model.account, generator.spending
    assert account.paid > 90
    assert (spent.replies, spent.input_tokens) == (account.paid, account.input_tokens)
    assert (spent.cached_tokens, spent.output_tokens) == (
        account.cached_tokens,
        account.output_tokens,
    )
    fresh = account.input_tokens - account.cached_tokens
    cost = (fresh * 0.15 + account.cached_tokens * 0.075 + account.output_tokens * 0.6) / 1e6
    assert spent.cost_usd == pytest.approx(cost, abs=1e-12)
    assert spent.cost_of_window("w0") == pytest.approx(cost, abs=1e-12)


def test_the_same_claims_again_cost_nothing_and_are_the_same(
    world: World, serve: Serve, make: Make
) -> None:
    server, briefs = serve(malformed=0.2), world.briefs(60)
    first = collected(make(server), briefs, world.reference)
    calls = server.model.account.calls
    again = make(server, run_id="later")
    second = collected(again, briefs, world.reference)
    assert server.model.account.calls == calls
    assert again.spending.replies == 0
    pd.testing.assert_frame_equal(first, second)
    collected(make(server, run_id="third", regenerate=True), briefs, world.reference)
    assert server.model.account.calls > calls + 59
    calls = server.model.account.calls
    collected(make(server, run_id="third", regenerate=True), briefs, world.reference)
    assert server.model.account.calls == calls


def test_a_forced_run_keeps_what_it_has_and_fails(
    world: World, serve: Serve, make: Make, tmp_path: Path
) -> None:
    server, briefs = serve(malformed=0.8), world.briefs(40)
    frames = []
    with pytest.raises(ClaimsNotDelivered, match="SIM_FORCE_LLM=true"):
        for frame in make(server, concurrency=4).generate(briefs, world.reference):
            frames.append(frame)
    assert frames
    files = list((tmp_path / "quarantine").glob("*.json"))
    assert files
    kept = json.loads(files[0].read_text())
    assert len(kept["replies"]) == 8
    assert all(reply["raw"]["output"] for reply in kept["replies"])


def test_without_force_the_mutator_stands_in_and_says_so(
    world: World, serve: Serve, make: Make
) -> None:
    server, briefs = serve(malformed=0.75), world.briefs(60)
    generator = make(server, force=False, fallback=Mutator())
    drafts = collected(generator, briefs, world.reference)
    assert set(drafts["generator"]) == {"llm", "mutator"}
    stood_in = drafts["generator"] == "mutator"
    assert drafts.loc[stood_in, ["llm_model", "prompt_version"]].isna().all(axis=None)
    assert violations(drafts, briefs, world).empty
    assert sum(generator.lost.values()) == stood_in.sum()
    assert "did not deliver" in generator.remarks()[0]
    assert "does not follow the schema" in generator.remarks()[0]


def test_a_model_that_did_well_is_not_remarked_on(world: World, serve: Serve, make: Make) -> None:
    generator = make(serve(malformed=0.1))
    collected(generator, world.briefs(20), world.reference)
    assert generator.remarks() == []


def test_a_damaged_reply_is_bought_again_and_remarked_on(
    world: World, serve: Serve, make: Make, tmp_path: Path
) -> None:
    server, briefs = serve(), world.briefs(5)
    collected(make(server, concurrency=1), briefs, world.reference)
    (path,) = (tmp_path / "journal").glob("*/*.jsonl")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0][:-5] + b"#####", *lines[1:]]))
    again = make(server)
    collected(again, briefs, world.reference)
    assert server.model.account.calls == 6
    assert again.remarks() == [
        f"A damaged reply in the journal was passed over, and is bought again: {path}:1."
    ]


def test_a_reply_with_half_a_character_can_be_quarantined(tmp_path: Path) -> None:
    path = put_away(tmp_path, "w0/1", "no use", [{"cause": "no use", "raw": "\ud83d"}])
    assert json.loads(path.read_text())["replies"][0]["raw"] == "\ud83d"


def test_a_quarantine_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "quarantine").write_text("a file")
    with pytest.raises(FolderNotWritable, match="quarantine"):
        put_away(tmp_path / "quarantine", "w0/1", "no use", [])


def test_the_breaker_stops_asking_a_hopeless_model(world: World, serve: Serve, make: Make) -> None:
    server, briefs = serve(malformed=1.0), world.briefs(100)
    generator = make(server, force=False, fallback=Mutator(), concurrency=4)
    drafts = collected(generator, briefs, world.reference)
    assert set(drafts["generator"]) == {"mutator"}
    assert server.model.account.calls < 100
    assert "is not asked any more in this run: 5 claims in a row" in generator.remarks()[0]
    calls = server.model.account.calls
    collected(generator, briefs, world.reference)
    assert server.model.account.calls == calls


@pytest.mark.parametrize(
    ("knobs", "cause"),
    [
        ({"key": "another"}, "key"),
        ({"status": 429, "code": "insufficient_quota"}, "quota"),
        ({"status": 404, "code": "model_not_found"}, "model"),
        ({"status": 403, "code": "forbidden"}, "access"),
    ],
)
def test_what_no_retry_can_help_ends_a_forced_run_at_once(
    world: World, serve: Serve, make: Make, knobs: dict[str, object], cause: str
) -> None:
    server, began = serve(**knobs), time.monotonic()
    with pytest.raises(LLMUnavailable, match="SIM_FORCE_LLM=true") as error:
        collected(make(server), world.briefs(30), world.reference)
    assert cause in str(error.value)
    assert time.monotonic() - began < 5.0
    assert server.model.account.errors <= 8
    relaxed = make(server, force=False, fallback=Mutator())
    assert len(collected(relaxed, world.briefs(30), world.reference)) == 30


def test_a_key_that_the_server_repeats_is_not_told_on(
    world: World, serve: Serve, make: Make
) -> None:
    server = serve(status=401, code="sk-secret-key")
    with pytest.raises(LLMUnavailable) as error:
        collected(make(server, key="sk-secret-key"), world.briefs(3), world.reference)
    assert "HTTP 401 (key)" in str(error.value)
    assert "sk-secret" not in str(error.value)


@pytest.mark.slow
def test_the_password_of_an_address_is_not_told_on(world: World, make: Make) -> None:
    with pytest.raises(LLMUnavailable, match=r"to http://127\.0\.0\.1:9/v1") as error:
        collected(make("http://me:pa55@127.0.0.1:9/v1"), world.briefs(3), world.reference)
    assert "pa55" not in str(error.value)


def test_no_key_and_no_server_end_a_forced_run_before_it_begins(make: Make) -> None:
    with pytest.raises(LLMUnavailable, match="SIM_FORCE_LLM=true.*|.*OPENAI_API_KEY"):
        make(None, key=None)


@pytest.mark.slow
def test_an_unreachable_host_is_noticed_within_five_seconds(world: World, make: Make) -> None:
    for address in ("http://127.0.0.1:9/v1", "http://nowhere.invalid/v1"):
        began = time.monotonic()
        with pytest.raises(LLMUnavailable, match="SIM_FORCE_LLM=true"):
            collected(make(address), world.briefs(10), world.reference)
        assert time.monotonic() - began < 5.0


@pytest.mark.slow
def test_a_port_where_nobody_speaks_http_is_noticed_within_five_seconds(
    world: World, make: Make
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        threading.Thread(target=_hang_up, args=(deaf,), daemon=True).start()
        began, address = time.monotonic(), f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        with pytest.raises(LLMUnavailable, match="SIM_FORCE_LLM=true"):
            collected(make(address), world.briefs(10), world.reference)
        assert time.monotonic() - began < 5.0


def _hang_up(server: socket.socket) -> None:
    """Take calls and say nothing."""
    with suppress(OSError):
        while True:
            server.accept()[0].close()


def test_a_local_server_needs_no_key(world: World, serve: Serve, make: Make) -> None:
    assert len(collected(make(serve(), key=None), world.briefs(5), world.reference)) == 5


def test_the_budget_stops_the_run_and_what_was_bought_is_kept(
    world: World, serve: Serve, make: Make
) -> None:
    server, briefs = serve(latency=0.005), world.briefs(100)
    generator, frames = make(server, max_cost_usd=0.003, concurrency=4), []
    with pytest.raises(BudgetStopped, match="SIM_LLM_MAX_COST_USD"):
        for frame in generator.generate(briefs, world.reference):
            frames.append(frame)
    spent = generator.spending
    assert spent.cost_usd is not None
    assert 0.003 <= spent.cost_usd <= 0.003 + 4 * 0.0003
    assert 5 < sum(map(len, frames)) < 100
    paid = server.model.account.paid
    assert len(collected(make(server), briefs, world.reference)) == 100
    assert server.model.account.paid == 100 > paid


@pytest.mark.slow
def test_the_budget_of_a_run_counts_what_it_bought_before_it_was_resumed(
    world: World, serve: Serve, make: Make
) -> None:
    server, briefs = serve(latency=0.005), world.briefs(100)
    for _ in range(2):
        with pytest.raises(BudgetStopped, match="go on with the same run"):
            generator = make(server, max_cost_usd=0.003, concurrency=4)
            collected(generator, briefs, world.reference)
        calls = server.model.account.calls
    assert generator.spending.replies == 0
    assert server.model.account.calls == calls < 100
    collected(make(server, run_id="another", max_cost_usd=0.1), briefs, world.reference)
    assert server.model.account.paid == 100


@pytest.mark.parametrize(
    "told",
    [
        {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 99}},
        {"input_tokens": -5, "output_tokens": "many", "input_tokens_details": None},
        "none",
    ],
)
def test_no_account_of_a_server_makes_a_cost_negative(told: object) -> None:
    cost = tariff(MODEL).cost(Usage.of(told))
    assert cost is not None
    assert cost >= 0.0


def test_a_budget_for_a_model_without_a_price_is_refused(serve: Serve, tmp_path: Path) -> None:
    from claimsim_pipeline.generation.llm.client import Endpoint
    from claimsim_pipeline.generation.llm.generator import Options

    options = Options("llama", "run", tmp_path, max_cost_usd=1.0)
    with pytest.raises(UsageError, match="llama"):
        LLMGenerator(Endpoint("key", "http://127.0.0.1:9/v1"), options)


@pytest.mark.slow
def test_a_hung_call_delays_only_its_claim(world: World, serve: Serve, make: Make) -> None:
    server, briefs = serve(hang=1), world.briefs(40, ratio=0.0)
    began, sizes = time.monotonic(), []
    for frame in make(server, timeout=5.0).generate(briefs, world.reference):
        sizes.append((time.monotonic() - began, len(frame)))
    assert sum(size for _, size in sizes) == 40
    assert sum(size for seconds, size in sizes if seconds < 4.9) >= 39


@pytest.mark.slow
def test_a_retry_after_is_kept_and_nothing_collapses(
    world: World, serve: Serve, make: Make
) -> None:
    server = serve(throttle=0.2, broken=0.1, retry_after=0.2)
    assert len(collected(make(server), world.briefs(60), world.reference)) == 60
    assert server.model.account.throttled > 5
    assert server.model.account.early == 0


@pytest.mark.slow
def test_a_claim_that_never_gets_through_is_given_up_at_its_deadline(
    world: World, serve: Serve, make: Make
) -> None:
    server = serve(status=503, code="overloaded")
    with pytest.raises(ClaimsNotDelivered, match="503"):
        collected(make(server, claim_seconds=1.0), world.briefs(3), world.reference)


@pytest.mark.slow
def test_leaving_early_stops_the_asking(world: World, serve: Serve, make: Make) -> None:
    server = serve(latency=0.05)
    frames = make(server, concurrency=2).generate(world.briefs(200), world.reference)
    next(frames)
    frames.close()
    assert server.model.account.calls < 100
