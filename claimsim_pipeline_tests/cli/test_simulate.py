"""``claimsim simulate`` with a model that costs money."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from claimsim_pipeline.bench.llm_model import Model
from claimsim_pipeline.bench.llm_server import LoopbackServer
from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.simulation import plan
from claimsim_pipeline_tests.cli.conftest import Claimsim

SIMULATE = ["simulate", "--pace", "instant", "--duration", "100", "--max-claims", "8"]


@pytest.fixture
def server(environ: dict[str, str]) -> Iterator[LoopbackServer]:
    """A model that writes the claims of the environment's database."""
    seed_database(Path(environ["DUCKDB_PATH"]), rows=600)
    with LoopbackServer(Model()) as server:
        environ |= {"OPENAI_BASE_URL": server.base_url, "SIM_FORCE_LLM": "true"}
        yield server


@pytest.mark.slow
def test_a_run_whose_budget_is_spent_says_how_to_go_on_and_buys_only_the_rest(
    claimsim: Claimsim, server: LoopbackServer
) -> None:
    code, _, said = claimsim(*SIMULATE, SIM_LLM_MAX_COST_USD="0.0005", SIM_LLM_CONCURRENCY="1")
    assert code == 1
    found = re.search(r"claimsim simulate --resume ([0-9a-f]{12})", said)
    assert found, said
    assert 0 < server.model.account.paid < 8
    assert claimsim("simulate", "--resume", found[1])[0] == 0
    assert server.model.account.paid == 8


def test_a_run_without_a_claim_for_want_of_a_model_is_not_gone_on_with(
    claimsim: Claimsim, server: LoopbackServer
) -> None:
    server.model.knobs.turn({"status": 401})
    code, _, said = claimsim(*SIMULATE)
    assert (code, "SIM_FORCE_LLM=true" in said, "--resume" in said) == (1, True, False)


def test_an_estimate_tells_both_prices_and_counts_all_blocks_of_a_long_run(
    claimsim: Claimsim, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "BLOCK", 100)
    more = ("--duration", "100000", "--max-claims", "250", "--estimate")
    code, said, _ = claimsim("simulate", "--interval", "10", *more)
    assert code == 0
    assert said.startswith("250 claims by gpt-4o-mini: about ")
    single, batch = map(float, re.findall(r"US\$ ([0-9.]+)", said))
    assert batch == pytest.approx(single / 2, abs=1e-4)
    assert server.model.account.calls == 0
    assert "cost unknown" in claimsim("simulate", "--estimate", SIM_LLM_MODEL="llama")[1]
