from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from claimsim_pipeline.bench.llm_model import Answer, Model
from claimsim_pipeline.bench.llm_server import LoopbackServer
from claimsim_pipeline.errors import BatchPending, BudgetStopped, LLMUnavailable
from claimsim_pipeline.generation.llm.batch import Batches
from claimsim_pipeline.generation.llm.batch_book import BatchBook, Submitted
from claimsim_pipeline.generation.llm.client import Endpoint
from claimsim_pipeline.generation.llm.estimate import estimate
from claimsim_pipeline_tests.generation.llm.conftest import MODEL, Make, Serve, World, collected


def batches(server: LoopbackServer, home: Path, **options: float) -> Batches:
    return Batches(Endpoint("key", server.base_url), home, MODEL, "run", **options)


@pytest.mark.slow
def test_a_batch_is_submitted_once_collected_and_completed_by_single_calls(
    world: World, serve: Serve, make: Make, tmp_path: Path
) -> None:
    server = serve(batch_polls=1, batch_lost=0.25, malformed=0.1)
    briefs, account = world.briefs(40), server.model.account
    for _ in range(2):
        with pytest.raises(BatchPending, match="batch_1"):
            generator = make(server, submit=batches(server, tmp_path).submit)
            collected(generator, briefs, world.reference)
    assert (account.batches, account.calls) == (1, 0)
    (state,) = batches(server, tmp_path).collect()
    assert (state.status, state.requests) == ("pending", 40)
    (state,) = batches(server, tmp_path).collect()
    assert (state.status, state.replies, state.remaining) == ("expired", 30, 10)
    assert state.windows == ("w0",)
    generator = make(server, submit=batches(server, tmp_path).submit)
    assert len(collected(generator, briefs, world.reference)) == 40
    spent = generator.spending
    assert account.batches == 1
    assert account.calls >= 10
    assert spent.replies == account.paid
    assert spent.input_tokens == account.input_tokens
    full = spent.tariff.cost(spent.total.usage)
    assert spent.cost_usd is not None
    assert full is not None
    assert spent.cost_usd < 0.75 * full
    again = make(server, submit=batches(server, tmp_path).submit)
    collected(again, briefs, world.reference)
    assert again.spending.replies == 0
    batches(server, tmp_path).acknowledge("batch_1")
    assert batches(server, tmp_path).collect() == []


def test_a_crash_between_submitting_and_noting_submits_nothing_twice(
    world: World, serve: Serve, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, briefs = serve(), world.briefs(10)
    with monkeypatch.context() as patch:

        def crash(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(BatchBook, "note", crash)
        with pytest.raises(KeyboardInterrupt):
            collected(
                make(server, submit=batches(server, tmp_path).submit), briefs, world.reference
            )
    with pytest.raises(BatchPending):
        collected(make(server, submit=batches(server, tmp_path).submit), briefs, world.reference)
    assert server.model.account.batches == 1


class Forgetful(Model):
    """Creates a batch and answers that it could not."""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        answer = super().answer(method, path, headers, body)
        created = (method, path) == ("POST", "/v1/batches") and self.account.batches == 1
        return (500, {}, {"error": {"message": "broken"}}, 0.0) if created else answer


def test_a_batch_whose_creation_is_not_confirmed_is_found_not_submitted_again(
    world: World, make: Make, tmp_path: Path
) -> None:
    briefs = world.briefs(10)
    with LoopbackServer(Forgetful()) as server:
        for expected in (LLMUnavailable, BatchPending):
            generator = make(server, submit=batches(server, tmp_path).submit)
            with pytest.raises(expected):
                collected(generator, briefs, world.reference)
        assert server.model.account.batches == 1


@pytest.mark.slow
def test_a_batch_for_a_host_that_does_not_answer_ends_within_five_seconds(
    world: World, make: Make, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address, began = f"http://127.0.0.1:{silent.getsockname()[1]}/v1", time.monotonic()
        submit = Batches(Endpoint("key", address), tmp_path, MODEL, "run").submit
        with pytest.raises(LLMUnavailable, match="SIM_FORCE_LLM=true"):
            collected(make(address, submit=submit), world.briefs(5), world.reference)
        assert time.monotonic() - began < 5.0


class Disowning(Model):
    """Knows nothing of its first batch."""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if (method, path) == ("GET", "/v1/batches/batch_1"):
            return 404, {}, {"error": {"message": "no such batch"}}, 0.0
        return super().answer(method, path, headers, body)


def test_a_batch_that_the_provider_does_not_know_holds_up_no_other_and_is_not_bought_anew(
    world: World, make: Make, tmp_path: Path
) -> None:
    with LoopbackServer(Disowning()) as server:
        for count in (5, 6):
            with pytest.raises(BatchPending):
                generator = make(server, submit=batches(server, tmp_path).submit)
                collected(generator, world.briefs(count), world.reference)
        unknown, ready = batches(server, tmp_path).collect()
        assert not unknown.finished
        assert "batch_1: unknown to the provider" in str(unknown)
        assert (ready.batch_id, ready.status) == ("batch_2", "completed")
        assert server.model.account.calls == 0


def test_a_line_that_a_crash_has_torn_takes_no_later_one_with_it(tmp_path: Path) -> None:
    book = BatchBook(tmp_path)
    book.intend(Submitted("first", "run", MODEL, "v1", {"hash": "w0/0"}))
    book.note("first", batch_id="batch_1")
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-5])
    book.intend(Submitted("second", "run", MODEL, "v1", {"other": "w1/0"}))
    assert [(batch.intent, batch.batch_id) for batch in book.batches()] == [
        ("first", ""),
        ("second", ""),
    ]


def test_a_batch_beyond_the_budget_is_not_submitted(
    world: World, serve: Serve, make: Make, tmp_path: Path
) -> None:
    server = serve()
    submit = batches(server, tmp_path, max_cost_usd=1e-6).submit
    with pytest.raises(BudgetStopped, match="It was not submitted"):
        collected(make(server, submit=submit), world.briefs(5), world.reference)
    assert server.model.account.batches == 0


def test_a_refused_key_is_told(world: World, serve: Serve, make: Make, tmp_path: Path) -> None:
    server = serve(key="another")
    with pytest.raises(LLMUnavailable, match="SIM_FORCE_LLM=true"):
        submit = batches(server, tmp_path).submit
        collected(make(server, submit=submit), world.briefs(5), world.reference)


def test_an_estimate_rests_on_earlier_replies(
    world: World, serve: Serve, make: Make, tmp_path: Path
) -> None:
    briefs = world.briefs(50)
    guess = estimate(briefs, world.reference, MODEL)
    assert guess.cost_usd
    generator = make(serve(malformed=0.3))
    collected(generator, briefs, world.reference)
    assert generator.spending.replies > 55
    told = estimate(briefs, world.reference, MODEL, home=tmp_path)
    assert told.cost_usd == pytest.approx(generator.spending.cost_usd, rel=0.1)
    assert told.batch_usd == pytest.approx(told.cost_usd / 2)
    unknown = estimate(briefs, world.reference, "llama")
    assert (unknown.cost_usd, unknown.batch_usd) == (None, None)
