"""What authors and initiators do with the command: check, draw, register, trigger, approve, cancel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from commands import Shell, local_network, refusal, run

from hourglass.certificate.ecdsa import address_of

GATES = Path(__file__).parent / "workflows" / "gates.py"
ALICE, BOB, MALLORY = (bytes([number]) * 32 for number in (0xA1, 0xB0, 0x66))
ADMIN = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
"""anvil's first account, which the network's file names."""
STRANGER = "0x" + "5a" * 20


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("network")
    with local_network(folder, f"{GATES}:gates") as opened:
        for name, secret in (("alice", ALICE), ("bob", BOB), ("mallory", MALLORY)):
            opened.file(f"{name}.key", secret.hex())
        yield opened


def rules(report: dict[str, Any], severity: str) -> list[tuple[str | None, str]]:
    """What was found of this severity: phases and rules."""
    overall = [(None, one["rule"]) for one in report["findings"] if one["severity"] == severity]
    return overall + [
        (phase["name"], one["rule"])
        for phase in report["phases"]
        for one in phase["findings"]
        if one["severity"] == severity
    ]


def started(shell: Shell) -> str:
    """A new execution of `gates`, whose first phase waits."""
    shell.ask("workflow", "register", f"{GATES}:gates", "--trigger-source", ADMIN)
    executed = shell.ask("workflow", "execute", "gates", "--no-wait")
    execution: str = executed["execution"]
    return execution


def wait_until(shell: Shell, execution: str, phase: int, status: str) -> dict[str, Any]:
    for _ in range(60):
        row: dict[str, Any] = shell.ask("status", execution)[phase]
        if row["status"] == status:
            return row
    pytest.fail(f"phase {phase} did not become {status}: {row}")


# ── validate, without a network ───────────────────────────────────────────────────────────────────────


def test_a_definition_alone_is_checked_without_a_network(tmp_path: Path) -> None:
    finished = run("workflow", "validate", f"{GATES}:gates", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "! Its threshold is none" in finished.stdout
    assert "No network was asked" in finished.stdout
    assert "0 errors, 3 warnings." in finished.stdout


def test_a_workflow_that_does_not_load_or_a_network_that_is_not_there_is_a_mistake_in_the_command(
    tmp_path: Path,
) -> None:
    assert "nothing.py does not load" in refusal(run("workflow", "validate", "nothing.py:x", cwd=tmp_path))
    missing = run("workflow", "validate", f"{GATES}:gates", "-n", "nowhere.yaml", cwd=tmp_path)
    assert "nowhere.yaml: No such file" in refusal(missing)
    address = run("workflow", "validate", f"{GATES}:gates", "--trigger-source", "0x12", cwd=tmp_path)
    assert "'0x12' is no address" in refusal(address)


# ── validate, with one ────────────────────────────────────────────────────────────────────────────────


def test_a_network_says_whether_its_operator_sets_can_do_the_work(shell: Shell) -> None:
    report = shell.ask("workflow", "validate", f"{GATES}:gates", "--trigger-source", ADMIN)
    assert report["valid"]
    assert rules(report, "warning") == [("price", "any_stake"), ("release", "one_can_stop_it")]
    assert [one["operator set"][-2:] for one in report["phases"]] == ["/1", "/1"]
    texts = [one["text"] for one in report["phases"][1]["findings"]]
    assert "3 of 5 operators can decide." in texts
    shown = shell.run("workflow", "validate", f"{GATES}:gates").stdout
    assert "can't be met without operator-1." in shown, "operators by their names"


def test_what_the_contract_would_refuse_is_found_before_anything_is_sent(shell: Shell) -> None:
    report = shell.ask("workflow", "validate", f"{GATES}:demanding", code=1)
    assert rules(report, "error") == [("rich", "RequiredStakeNotMet"), ("nowhere", "TableMissing")]
    assert report["costs"]["register gas"] is None
    assert "RequiredStakeNotMet" in shell.refused("workflow", "register", f"{GATES}:demanding")


def test_who_may_not_register_is_told_what_to_ask_for(shell: Shell) -> None:
    report = shell.ask("workflow", "validate", f"{GATES}:gates", "--creator", STRANGER, code=1)
    assert rules(report, "error") == [(None, "AccessControlUnauthorizedAccount")]
    assert "authorizeWorkflowCreator" in report["findings"][0]["text"]


def test_what_registering_will_cost_is_known_before_and_true_after(shell: Shell) -> None:
    before = shell.ask("workflow", "validate", f"{GATES}:gates", "--trigger-source", ADMIN)
    after = shell.ask("workflow", "register", f"{GATES}:gates", "--trigger-source", ADMIN)
    assert after["gas used"] == pytest.approx(before["costs"]["register gas"], rel=0.02)
    assert before["costs"]["execute gas"] > 100_000
    assert before["costs"]["fees"] is None, "there is no vault"


# ── graph ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_workflow_is_drawn_alike_from_its_code_by_its_name_and_by_its_id(shell: Shell) -> None:
    registered = shell.ask("workflow", "register", f"{GATES}:gates")
    drawn = shell.run("workflow", "graph", f"{GATES}:gates").stdout
    assert drawn.splitlines()[3] == "flowchart TD"
    assert "p0 --> p1" in drawn
    assert shell.run("workflow", "graph", "gates").stdout == drawn
    assert shell.run("workflow", "graph", registered["workflow id"]).stdout == drawn


def test_a_picture_is_written_to_a_file(shell: Shell) -> None:
    finished = shell.run("workflow", "graph", f"{GATES}:gates", "--format", "svg", "--out", "gates.svg")
    assert (finished.returncode, finished.stdout) == (0, "")
    root = ElementTree.parse(shell.folder / "gates.svg").getroot()
    assert root.tag.endswith("svg")
    assert "gates.svg/x" in shell.refused("workflow", "graph", f"{GATES}:gates", "--out", "gates.svg/x")


def test_a_workflow_that_nobody_registered_can_t_be_drawn(shell: Shell) -> None:
    assert "has registered no workflow 'nothing'" in shell.refused("workflow", "graph", "nothing")
    assert "No workflow 0x0101" in shell.refused("workflow", "graph", "0x" + "01" * 32)
    assert "is no workflow id" in shell.refused("workflow", "graph", "0x" + "zz" * 32)


# ── trigger and approve ───────────────────────────────────────────────────────────────────────────────


def test_a_source_opens_a_gate_with_a_price_and_the_next_with_approvals(shell: Shell) -> None:
    execution = started(shell)
    assert "TriggerNotMet" in shell.refused("workflow", "trigger", execution, "price", "--price", "5000")
    opened = shell.ask("workflow", "trigger", execution, "price", "--price", "5001")
    assert int(opened["data"], 16) == 5_001
    assert int(wait_until(shell, execution, 0, "COMPLETED")["result"], 16) == 5_001

    files = []
    for name, secret in (("alice", ALICE), ("bob", BOB)):
        signed = shell.run("workflow", "approve", execution, "release", "--key", f"{name}.key", "-o", "json")
        files.append(signed.stdout)
        assert f'"signer": "{address_of(secret)}"' in signed.stdout
    one = shell.file("one", files[0])
    alone = shell.refused("workflow", "trigger", execution, "release", "--price", "11", "--approvals", one)
    assert "TriggerNotMet" in alone
    both = shell.file("both", "".join(reversed(files)))
    shell.ask("workflow", "trigger", execution, "1", "--price", "11", "--approvals", both)
    wait_until(shell, execution, 1, "COMPLETED")


def test_a_trigger_takes_complete_data_as_it_is(shell: Shell) -> None:
    execution = started(shell)
    data = "0x" + (6_000).to_bytes(32, "big").hex()
    opened = shell.ask("workflow", "trigger", execution, "price", "--data", data)
    assert opened["data"] == data


def test_only_a_source_triggers_and_only_a_listed_signer_approves(shell: Shell) -> None:
    execution = started(shell)
    theirs = ("--price", "5001", "--key", "mallory.key")
    assert "NotATriggerSource" in shell.refused("workflow", "trigger", execution, "price", *theirs)
    shell.ask("workflow", "trigger", execution, "price", "--price", "5001")
    wait_until(shell, execution, 0, "COMPLETED")
    refused = shell.refused("workflow", "approve", execution, "release", "--key", "mallory.key")
    assert f"{address_of(MALLORY)} is not among those whose approval" in refused


def test_a_trigger_that_can_t_be_is_refused_with_the_reason(shell: Shell) -> None:
    execution = started(shell)
    trigger = ("workflow", "trigger", execution)
    assert "has no phase 'prize'; it has 'price', 'release'" in shell.refused(
        *trigger, "prize", "--price", "1"
    )
    assert "'release' has not started yet" in shell.refused(*trigger, "release", "--price", "1")
    assert "TriggerDataMalformed" in shell.refused(*trigger, "price", "--data", "0x01")
    assert "does not fit an int256" in shell.refused(*trigger, "price", "--price", str(2**255))
    nobody = ("workflow", "trigger", "0x" + "00" * 32, "price", "--price", "1")
    assert "The chain has no execution" in shell.refused(*nobody)


# ── cancel ────────────────────────────────────────────────────────────────────────────────────────────


def test_only_who_started_an_execution_cancels_it_and_only_while_it_runs(shell: Shell) -> None:
    execution = started(shell)
    theirs = shell.refused("workflow", "cancel", execution, "--key", "mallory.key")
    assert "NotTheInitiator" in theirs
    assert shell.ask("workflow", "cancel", execution)["status"] == "CANCELLED"
    assert "was cancelled" in shell.refused("workflow", "cancel", execution)
    late = shell.refused("workflow", "trigger", execution, "price", "--price", "5001")
    assert "was cancelled" in late


# ── without a vault ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", [("show",), ("claim", "0x" + "01" * 32), ("withdraw",)], ids=" ".join)
def test_without_a_fee_vault_there_is_nothing_to_show_claim_or_withdraw(
    shell: Shell, command: tuple[str, ...]
) -> None:
    assert "has no fee vault: it charges nothing and pays nobody" in shell.refused("fees", *command)
