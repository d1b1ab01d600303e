"""Executions one after another on a local network, for as long as told; then: did anything leak or stall?

python -m tests.e2e.soak SECONDS
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from hourglass.chain.client import EvmChain
from hourglass.chain.port import ExecutionView, RegisterWorkflow
from hourglass.cli.bench_phase import WEIGHTS, WORKFLOW
from hourglass.cli.module import load_workflow
from hourglass.cli.network import load_network
from hourglass.cli.workflow import paying_account, sender_of, start_execution
from hourglass.testing.local_network import LocalNetwork, NetworkPlan, OperatorPlan, start_local
from hourglass.workflow.execution import ExecutionStatus
from hourglass.workflow.identifiers import ExecutionId

EXECUTION_TIMEOUT_S = 60.0
MAX_GROWTH_MB = 64
"""Of any process between a tenth of the run and its end: caches fill early, leaks go on."""


def memory_mb(network: LocalNetwork) -> dict[str, float]:
    """Resident memory per node."""
    found = {}
    for node in (*network.agents, *network.aggregators):
        status = Path(f"/proc/{node.process.pid}/status").read_text("utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        found[node.name] = int(line.split()[1]) / 1024
    return found


async def ended(chain: EvmChain, execution: ExecutionId) -> ExecutionView:
    """Wait for the end of an execution."""
    async with asyncio.timeout(EXECUTION_TIMEOUT_S):
        while True:
            view = await chain.execution(execution)
            if view is not None and view.status is not ExecutionStatus.RUNNING:
                return view
            await asyncio.sleep(0.01)


async def soak(seconds: float) -> None:
    """Run, and raise AssertionError if an execution fails or a process grows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "echo.py"
        file.write_text(WORKFLOW, "utf-8")
        spec = f"{file}:echo"
        plans = tuple(OperatorPlan(f"operator-{n + 1}", weight, (spec,)) for n, weight in enumerate(WEIGHTS))
        async with start_local(NetworkPlan(plans)) as network:
            config = load_network(network.network_file)
            async with EvmChain.connect(config.chain) as chain:
                sender = sender_of(chain, config, paying_account(config))
                await sender.send(RegisterWorkflow(load_workflow(spec).compile()))
                begun, count, early = time.monotonic(), 0, memory_mb(network)
                while (passed := time.monotonic() - begun) < seconds:
                    execution = await start_execution(chain, sender, "bench-echo", b"%d" % count)
                    view = await ended(chain, execution)
                    assert view.status is ExecutionStatus.COMPLETED, f"execution {count} {view.status.name}"
                    count += 1
                    if passed < seconds / 10:
                        early = memory_mb(network)
                late = memory_mb(network)
    growth = {name: late[name] - early[name] for name in late}
    sys.stdout.write(f"{count} executions in {seconds:.0f} s, all completed\n")
    for name, grown in growth.items():
        sys.stdout.write(f"{name:14} {late[name]:6.1f} MB, {grown:+.1f} MB\n")
    assert max(growth.values()) < MAX_GROWTH_MB, "a process grows"


if __name__ == "__main__":
    asyncio.run(soak(float(sys.argv[1]) if len(sys.argv) > 1 else 120.0))
