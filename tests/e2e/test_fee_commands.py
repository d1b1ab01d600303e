"""What initiators pay and operators earn, with the command: a vault with prices, and real signatures behind shares."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Shell, local_network
from vaults import MILLI_ETHER, PRICES, RECIPIENT, open_vault

from hourglass.chain.account import KeyConfig, load_account
from hourglass.chain.client import EvmChain
from hourglass.cli.network import load_network

WORKFLOWS = Path(__file__).parent / "workflows"
SINGLE, GATES = WORKFLOWS / "single.py", WORKFLOWS / "gates.py"
FEE = "0.01 ETH"
"""Of the one phase."""
POOL_WEI = 9 * MILLI_ETHER
RECEIVER = "0x" + "99" * 20


async def _with_vault(network_file: Path) -> None:
    config = load_network(network_file)
    assert config.key is not None
    async with EvmChain.connect(config.chain) as chain:
        await open_vault(chain, load_account(config.key))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with local_network(tmp_path_factory.mktemp("network"), f"{SINGLE}:single", f"{GATES}:gates") as opened:
        asyncio.run(_with_vault(opened.network_file))
        yield opened


def operator_key(shell: Shell, number: int) -> str:
    return str(shell.network_file.parent / f"operator-{number}" / "operator.key")


def operator(shell: Shell, number: int) -> str:
    return str(load_account(KeyConfig(file=Path(operator_key(shell, number)))).address)


def executed(shell: Shell, *arguments: str) -> str:
    shell.ask("workflow", "register", f"{SINGLE}:single")
    execution: str = shell.ask("workflow", "execute", "single", "-i", "hey", *arguments)["execution"]
    return execution


def test_the_price_is_known_before_and_paid_by_register_and_execute(shell: Shell) -> None:
    before = shell.ask("workflow", "validate", f"{SINGLE}:single")
    fees = before["costs"]["fees"]
    assert fees == {"token": None, "register": str(PRICES.workflow_fee), "execute": str(10 * MILLI_ETHER)}
    assert before["costs"]["execute gas"] > 0, "rehearsed, paid for"

    earned = shell.ask("fees", "show", str(RECIPIENT))["credit in ether"]
    assert shell.ask("workflow", "register", f"{SINGLE}:single")["fee"] == "0.003 ETH"
    refused = shell.refused("workflow", "execute", "single", "--max-fee", "0.0099")
    assert f"The fee is {FEE}, and --max-fee allows 0.0099" in refused
    dear = shell.refused("workflow", "register", f"{SINGLE}:single", "--max-fee", "0")
    assert "The fee is 0.003 ETH" in dear

    paid = shell.run("workflow", "execute", "single", "-i", "hey", "--max-fee", "0.01", "-o", "json")
    assert paid.returncode == 0, paid.stderr
    assert f"Fee: {FEE}" in paid.stderr
    assert '"COMPLETED"' in paid.stdout
    shown = shell.ask("fees", "show", str(RECIPIENT))
    assert (shown["to register a workflow"], shown["to execute, by the phase"]) == ("0.003 ETH", FEE)
    # One registration, and a tenth of one completed phase's fee.
    assert shown["credit in ether"] == _ether(_wei(earned) + PRICES.workflow_fee + MILLI_ETHER)


def test_who_signed_claims_its_share_by_stake_and_takes_it_out(shell: Shell) -> None:
    execution = executed(shell)
    mine = ("--key", operator_key(shell, 1))
    (claimed,) = shell.ask("fees", "claim", execution, "shout", *mine)
    assert (claimed["claimed"], claimed["outcome"]) == (True, "claimed")
    share = _wei(claimed["share"])
    assert POOL_WEI * 400 // 1_000 <= share <= POOL_WEI, "at least its part of all stake"
    (again,) = shell.ask("fees", "claim", execution, *mine, code=1)
    assert again["outcome"] == "claimed before"
    assert shell.ask("fees", "show", operator(shell, 1))["credit in ether"] == claimed["share"]

    (out,) = shell.ask("fees", "withdraw", "--to", RECEIVER, *mine)
    assert out == {"withdrawn": claimed["share"], "to": RECEIVER}
    assert shell.ask("fees", "show", operator(shell, 1))["credit in ether"] == "0 ETH"
    assert shell.ask("fees", "withdraw", *mine, code=1) == []


def test_anybody_claims_for_an_operator_and_nobody_for_somebody_else(shell: Shell) -> None:
    execution = executed(shell)
    (for_another,) = shell.ask("fees", "claim", execution, "--operator", operator(shell, 1))
    assert for_another["claimed"], "there is no quorum without the first operator"
    (stranger,) = shell.ask("fees", "claim", execution, "--operator", RECEIVER, code=1)
    assert "not an operator of" in stranger["outcome"]
    assert "has no phase 'x'" in shell.refused("fees", "claim", execution, "x")


def test_what_a_cancelled_execution_paid_is_its_payer_s_again(shell: Shell) -> None:
    shell.ask("workflow", "register", f"{GATES}:gates")
    before = _wei(shell.ask("fees", "show")["credit in ether"])
    execution = shell.ask("workflow", "execute", "gates", "--no-wait")["execution"]
    open_still = shell.ask("fees", "claim", execution, "price", code=1)
    assert "not settled" in open_still[0]["outcome"]
    shell.ask("workflow", "cancel", execution)
    after = _wei(shell.ask("fees", "show")["credit in ether"])
    assert after - before == 2 * PRICES.phase_fee
    (out,) = shell.ask("fees", "withdraw", "--token", "ether")
    assert _wei(out["withdrawn"]) == after


def test_whoever_has_less_than_the_fees_is_told_before(shell: Shell) -> None:
    poor = "0x" + "4b" * 20
    report = shell.ask("workflow", "validate", f"{SINGLE}:single", "--creator", poor, code=1)
    (text,) = [one["text"] for one in report["findings"] if one["rule"] == "fees"]
    assert text.endswith("holds 0 ETH, and the fees come to 0.013 ETH.")


def test_another_vault_than_the_machine_s_own_can_be_named_and_must_be_one(shell: Shell) -> None:
    own = shell.ask("fees", "show")["vault"]
    assert shell.ask("fees", "show", "--vault", own)["vault"] == own
    assert "does not answer" in shell.run("fees", "show", "--vault", RECEIVER).stderr


def _wei(shown: str) -> int:
    whole, _, decimals = shown.removesuffix(" ETH").partition(".")
    return int(whole + decimals.ljust(18, "0"))


def _ether(wei: int) -> str:
    whole, rest = divmod(wei, 10**18)
    return f"{whole}.{rest:018d}".rstrip("0").rstrip(".") + " ETH"
