"""An independent judge of how the engine retries."""

from __future__ import annotations

import pytest

from claimsim_pipeline.errors import ClaimsNotDelivered, LLMUnavailable
from claimsim_pipeline.generation.llm.governor import Governor, seconds
from claimsim_pipeline_tests.generation.llm.conftest import Make, World, collected


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_judge_finds_nothing_wrong_with_our_retries(world: World, make: Make) -> None:
    testing = pytest.importorskip("llmock.testing")
    from llmock.scenarios import Fail

    with testing.LLMockServer() as server:
        server.state.scenarios.add(Fail(429, retry_after=0.4, times=3))
        server.state.scenarios.add(Fail(500, times=2))
        server.state.scenarios.add(Fail(503, retry_after=0.2, times=1))
        generator = make(server.base_url("openai"), concurrency=4)
        with pytest.raises(ClaimsNotDelivered):  # its replies fit the schema, not the candidates
            collected(generator, world.briefs(6, ratio=0.0), world.reference)
        verdict = _verdict(server)
        assert verdict.faults == 6
        verdict.assert_ok(strict=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
def test_the_judge_sees_no_retry_of_a_refused_key(world: World, make: Make) -> None:
    testing = pytest.importorskip("llmock.testing")
    from llmock.scenarios import Fail

    with testing.LLMockServer() as server:
        server.state.scenarios.add(Fail(401, times=None))
        with pytest.raises(LLMUnavailable):
            collected(make(server.base_url("openai")), world.briefs(6), world.reference)
        _verdict(server).assert_ok(strict=True)


def _verdict(server: object) -> object:
    from llmock.verdict import judge

    return judge(server.state.journal.records())  # type: ignore[attr-defined]


def test_a_bucket_keeps_to_the_announced_rate() -> None:
    now = [0.0]
    governor = Governor(8, lambda: now[0])
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "57s",
    }
    governor.end(number=governor.start(), throttled=False, headers=headers, tokens=0)
    assert governor.wait() == 0.0
    governor.start()
    assert governor.wait() == pytest.approx(0.2, abs=0.3)
    now[0] += 10.0
    assert governor.wait() == 0.0


def test_throttling_slows_down_without_collapse() -> None:
    now = [0.0]
    governor = Governor(16, lambda: now[0])
    for _ in range(50):
        governor.end(number=governor.start(), throttled=True, headers={}, tokens=0)
        now[0] += 0.3
    assert governor.allowed == 4
    for _ in range(60):
        governor.end(number=governor.start(), throttled=False, headers={}, tokens=0)
    assert governor.allowed == 16


@pytest.mark.parametrize(
    ("text", "wanted"), [("120ms", 0.12), ("6m0s", 360.0), ("1.5", 1.5), ("1h2s", 3602.0), ("", 0)]
)
def test_durations_are_read(text: str, wanted: float) -> None:
    assert seconds(text) == pytest.approx(wanted)
