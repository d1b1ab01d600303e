"""Measures the way of a phase on a local network: from PhaseStarted to calldata and to mined, step by step."""

import asyncio
import statistics
from pathlib import Path
from typing import Any

from hourglass.cli.module import load_workflow
from hourglass.cli.network import load_network
from hourglass.cli.status import ask_aggregators
from hourglass.cli.workflow import paying_account, sender_of, start_execution

WEIGHTS = (400, 250, 150, 120, 80)
WORKFLOW = """\
from hourglass import Context, Workflow

echo = Workflow("bench-echo")


@echo.immediate(operator_set=1, threshold="66.67%", timeout=600)
async def repeat(ctx: Context) -> bytes:
    return ctx.payload
"""
WARM_UP = 3
"""First executions: tables are read, keys parsed, connections opened."""
TIMEOUT_S = 60.0
STEPS = ("opened", "asked", "first attestation", "quorum", "certified", "submitted", "mined")


async def measure(operators: int, runs: int) -> list[dict[str, Any]]:
    """A row per step: when it was reached, in ms after PhaseStarted was seen, and its share of the way."""
    journeys = await _journeys(operators, runs)
    reached = {step: [1000 * one[step] for one in journeys] for step in STEPS}
    whole = statistics.median(reached["mined"]) or 1.0
    rows, before = [], 0.0
    for step in STEPS:
        median = statistics.median(reached[step])
        rows.append(
            {
                "step": "calldata ready" if step == "submitted" else step,
                "min (ms)": round(min(reached[step]), 1),
                "median (ms)": round(median, 1),
                "max (ms)": round(max(reached[step]), 1),
                "share": f"{100 * (median - before) / whole:.0f} %",
            }
        )
        before = median
    return rows


async def _journeys(operators: int, runs: int) -> list[dict[str, float]]:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import RegisterWorkflow
    from hourglass.testing.local_network import NetworkPlan, OperatorPlan, start_local, temporary_folder

    with temporary_folder() as folder:
        file = Path(folder) / "echo.py"
        file.write_text(WORKFLOW, "utf-8")
        spec = f"{file}:echo"
        plans = tuple(OperatorPlan(f"operator-{n + 1}", WEIGHTS[n], (spec,)) for n in range(operators))
        async with start_local(NetworkPlan(plans)) as network:
            config = load_network(network.network_file)
            async with EvmChain.connect(config.chain) as chain:
                sender = sender_of(chain, config, paying_account(config))
                await sender.send(RegisterWorkflow(load_workflow(spec).compile()))
                journeys = []
                for number in range(runs + WARM_UP):
                    execution = await start_execution(chain, sender, "bench-echo", b"%d" % number)
                    journeys.append(await _journey(config, execution))
                return journeys[WARM_UP:]


async def _journey(config: Any, execution: Any) -> dict[str, float]:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            for phase in await asyncio.to_thread(ask_aggregators, config, execution):
                journey: dict[str, float] = phase["journey"]
                if "mined" in journey:
                    return journey
            await asyncio.sleep(0.1)
