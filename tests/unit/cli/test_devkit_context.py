"""DevKit's context and the project's own settings, as the scripts read them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from devkit_project import AVS, KEYS, OPERATORS, TEMPLATE, context
from eth_abi.abi import decode

from hourglass.cli.devkit.context import Context, ProjectSettings, load_project, read_context
from hourglass.cli.devkit.operators import operator_registrations, operator_sets
from hourglass.cli.devkit.wallet import secret_of
from hourglass.errors import ConfigError
from hourglass.workflow.identifiers import Address


def read(**changes: Any) -> Context:
    return read_context(json.dumps({"context": context(**changes)}))


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> ProjectSettings:
    monkeypatch.chdir(TEMPLATE)
    return load_project(read())


def test_the_templates_settings_fit_the_context_that_a_new_project_has(project: ProjectSettings) -> None:
    assert {one.id for one in project.operatorSets} >= {
        project.aggregator.operatorSetId,
        project.executor.operatorSetId,
    }
    for one in (*project.aggregator.operators, *project.executor.operators):
        assert read().operator(one.address).address in OPERATORS


def test_operator_sets_are_listed_as_devkit_reads_them(project: ProjectSettings) -> None:
    rows = operator_sets(project)["operator_sets"]
    assert [row["operator_set_id"] for row in rows] == [0, 1]
    assert {row["curve_type"] for row in rows} == {"BN254"}
    assert all(set(row["strategies"][0]) == {"strategy"} for row in rows)


def test_registrations_carry_the_socket_as_bytes_without_0x(project: ProjectSettings) -> None:
    rows = operator_registrations(read(), project)["operator_registrations"]
    assert [(row["address"], row["operator_set_id"]) for row in rows] == [
        (OPERATORS[0], 0),
        *((address, 1) for address in OPERATORS[:3]),
    ]
    (socket,) = decode(["string"], bytes.fromhex(rows[0]["payload"]))
    assert socket == "aggregator:9000"


def test_an_operator_that_the_context_does_not_have_is_named(project: ProjectSettings) -> None:
    with pytest.raises(ConfigError) as refused:
        operator_registrations(read(operators=context()["operators"][:1]), project)
    assert OPERATORS[1] in refused.value.detail


def test_addresses_are_compared_as_bytes() -> None:
    assert read().operator(OPERATORS[0].lower()).address == OPERATORS[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "run this through `devkit avs`"),
        ("{}", "no `context`"),
        ("[]", "no `context`"),
        (json.dumps({"context": {"name": "devnet"}}), "context.chains: Field required"),
    ],
)
def test_what_is_no_context_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_context(text)
    assert said in refused.value.detail


def test_keys_are_in_no_text_that_anybody_sees() -> None:
    with pytest.raises(ConfigError) as refused:
        read(operators=[{"address": "nonsense", "ecdsa_key": KEYS[3]}])
    for key in KEYS:
        assert key[2:] not in repr(read()) + str(refused.value)
    with pytest.raises(ConfigError) as unusable:
        secret_of(read(app_private_key="0xsecret").app_private_key, "app_private_key")
    assert "app_private_key" in unusable.value.detail
    assert "0xsecret" not in str(unusable.value)


def test_our_contract_is_found_by_its_name_and_otherwise_said_how_to_deploy() -> None:
    deployed = [{"name": "other", "address": AVS}, {"name": "workflowStateMachine", "address": OPERATORS[0]}]
    assert read(deployed_l2_contracts=deployed).state_machine == Address.parse(OPERATORS[0])
    with pytest.raises(ConfigError, match="devkit avs deploy contracts l2"):
        _ = read().state_machine


def test_a_misspelt_setting_of_the_project_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = yaml.safe_load((TEMPLATE / ".hourglass" / "context" / "devnet.yaml").read_text("utf-8"))
    settings["workflow"]["verifyer"] = "local"
    (tmp_path / ".hourglass" / "context").mkdir(parents=True)
    (tmp_path / ".hourglass" / "context" / "devnet.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"workflow\.verifyer"):
        load_project(read())
