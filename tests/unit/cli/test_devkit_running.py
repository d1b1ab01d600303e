"""The settings that `devkit avs run` writes are those that nodes read."""

import json
from pathlib import Path
from typing import Any

import pytest
from devkit_project import AVS, KEYS, OPERATORS, TEMPLATE, context

from agent.config import AgentConfig
from aggregator.config import AggregatorConfig
from hourglass.chain.account import load_account
from hourglass.cli.devkit.context import Context, ProjectSettings, load_project, read_context
from hourglass.cli.devkit.network import write_network
from hourglass.cli.devkit.running import agents, aggregators
from hourglass.cli.network import load_network
from hourglass.cli.settings import load_settings
from hourglass.errors import ConfigError
from hourglass.testing.processes import NodeProcess

BUS = "nats://127.0.0.1:4222"
MACHINE, MAILBOX, REGISTRAR, REGISTRY = ("0x" + digits * 20 for digits in ("5a", "3b", "a1", "a2"))
CORE = {"key_registrar": REGISTRAR, "cross_chain_registry": REGISTRY}
DEPLOYED = [{"name": "workflowStateMachine", "address": MACHINE}, {"name": "taskMailbox", "address": MAILBOX}]


def read(**changes: Any) -> Context:
    made = context(deployed_l2_contracts=DEPLOYED, eigenlayer={"l1": CORE, "l2": {}})
    return read_context(json.dumps({"context": made | changes}))


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ProjectSettings:
    monkeypatch.chdir(TEMPLATE)
    settings = load_project(read())
    monkeypatch.chdir(tmp_path)
    return settings


def settings_of(node: NodeProcess) -> Path:
    return Path(node.arguments[-1])


def changed(project: ProjectSettings, **workflow: Any) -> ProjectSettings:
    return project.model_copy(update={"workflow": project.workflow.model_copy(update=workflow)})


def test_each_executor_has_an_agent_with_its_own_keys(project: ProjectSettings, tmp_path: Path) -> None:
    nodes = agents(read(), project, tmp_path, BUS)
    assert [node.name for node in nodes] == ["executor-1", "executor-2", "executor-3"]
    for number, node in enumerate(nodes):
        config = load_settings(settings_of(node), AgentConfig)
        assert str(load_account(config.operator_key).address) == OPERATORS[number]
        (one,) = config.operator_sets
        assert (one.avs, one.number, one.ecdsa_key) == (AVS, 1, None)
        assert one.bls_key is not None
        assert one.bls_key.keystore == tmp_path / "keystores" / f"operator{number + 1}.bls.keystore.json"
        assert one.bls_key.password_file is not None
        assert one.bls_key.password_file.read_text("utf-8") == "testpass"
        assert config.workflows == (f"{tmp_path}/workflow.py:oracle",)
        assert config.chain.task_mailbox is not None
    assert len({load_settings(settings_of(node), AgentConfig).journal for node in nodes}) == 3


def test_where_the_verifier_is_eigenlayers_tables_are_rebuilt_from_the_contexts_contracts(
    project: ProjectSettings, tmp_path: Path
) -> None:
    (node,) = aggregators(read(), project, tmp_path, BUS)
    core = load_settings(settings_of(node), AggregatorConfig).chain.eigenlayer
    assert core is not None
    assert (core.key_registrar or "").lower() == REGISTRAR
    assert (core.cross_chain_registry or "").lower() == REGISTRY
    local = aggregators(read(), changed(project, verifier="local"), tmp_path, BUS)
    assert load_settings(settings_of(local[0]), AggregatorConfig).chain.eigenlayer is None
    with pytest.raises(ConfigError, match=r"eigenlayer\.l1\.key_registrar"):
        aggregators(read(eigenlayer={"l1": {}, "l2": {}}), project, tmp_path, BUS)


def test_the_aggregator_serves_the_avss_tasks_if_there_is_a_mailbox(
    project: ProjectSettings, tmp_path: Path
) -> None:
    (node,) = aggregators(read(), project, tmp_path, BUS)
    config = load_settings(settings_of(node), AggregatorConfig)
    assert config.tasks is not None
    assert config.tasks.avss == (AVS,)
    assert config.api.port == project.workflow.api_port
    assert str(load_account(config.key).address) == OPERATORS[0]
    (without,) = aggregators(read(deployed_l2_contracts=DEPLOYED[:1]), project, tmp_path, BUS)
    assert load_settings(settings_of(without), AggregatorConfig).tasks is None


def test_a_set_on_ecdsa_has_that_keystore_and_a_performer_is_handed_on(
    project: ProjectSettings, tmp_path: Path
) -> None:
    sets = tuple(one.model_copy(update={"curve_type": "ECDSA"}) for one in project.operatorSets)
    other = changed(project, performer={"address": "127.0.0.1:8080"}, modules=())
    node = agents(read(), other.model_copy(update={"operatorSets": sets}), tmp_path, BUS)[0]
    config = load_settings(settings_of(node), AgentConfig)
    (one,) = config.operator_sets
    assert one.bls_key is None
    assert one.ecdsa_key is not None
    assert one.ecdsa_key.file == tmp_path / "keystores" / "operator1.ecdsa.keystore.json"
    assert config.performer is not None
    assert config.performer.address == "127.0.0.1:8080"
    assert config.workflows == ()


def test_other_commands_find_the_network_and_act_as_the_application(project: ProjectSettings) -> None:
    network = load_network(write_network(read(), project))
    assert network.key is not None
    assert network.key.file is not None
    assert network.key.file.read_text("utf-8") == KEYS[2][2:]
    assert network.aggregators == (f"http://127.0.0.1:{project.workflow.api_port}",)
    assert network.names == {address: f"executor-{n}" for n, address in enumerate(OPERATORS[:3], start=1)}


def test_an_operator_without_keystores_for_the_set_is_named(project: ProjectSettings, tmp_path: Path) -> None:
    operators = [one | {"keystores": []} for one in context()["operators"]]
    with pytest.raises(ConfigError) as refused:
        agents(read(operators=operators), project, tmp_path, BUS)
    assert OPERATORS[0] in refused.value.detail
    assert "operator set 1" in refused.value.detail
