"""DevKit's context, as far as anybody here needs it, and this project's own settings beside it."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from hourglass.cli.settings import load_settings
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

STATE_MACHINE = "workflowStateMachine"
"""Our contract's name among those that DevKit has deployed."""
TASK_MAILBOX = "taskMailbox"
"""The mailbox's, if plain tasks are taken: EigenLayer's, or one of our own."""
SETTINGS = Path(".hourglass/context")
"""Where a project keeps its own settings, one file per context."""


class _Theirs(BaseModel):
    """DevKit's own: what it adds is none of our business."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Ours(BaseModel):
    """This project's: what is not known is misspelt."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _address(value: str) -> str:
    return str(Address.parse(value))


class DevkitChain(_Theirs):
    """A chain of the context."""

    chain_id: int = Field(gt=0)
    rpc_url: str = Field(min_length=1)


class DevkitChains(_Theirs):
    """Where operators are registered, and where their work is certified."""

    l1: DevkitChain
    l2: DevkitChain


class DevkitKeystore(_Theirs):
    """An operator's keys in one operator set."""

    operatorSet: int
    bls_keystore_path: Path | None = None
    bls_keystore_password: SecretStr = SecretStr("")
    ecdsa_keystore_path: Path | None = None
    ecdsa_keystore_password: SecretStr = SecretStr("")


class DevkitOperator(_Theirs):
    """An operator."""

    address: str
    ecdsa_key: SecretStr | None = None
    keystores: tuple[DevkitKeystore, ...] = ()

    _is_address = field_validator("address")(_address)


class DevkitAvs(_Theirs):
    """The AVS."""

    address: str
    avs_private_key: SecretStr | None = None

    _is_address = field_validator("address")(_address)


class DevkitEigenLayer(_Theirs):
    """EigenLayer's contracts, by DevKit's names for them."""

    l1: dict[str, Any] = {}
    l2: dict[str, Any] = {}


class DeployedContract(_Theirs):
    """A contract that a script deployed."""

    name: str
    address: str
    abi: str = ""


class Context(_Theirs):
    """A context of DevKit, version 0.1.2."""

    name: str
    chains: DevkitChains
    deployer_private_key: SecretStr
    app_private_key: SecretStr
    operators: tuple[DevkitOperator, ...] = ()
    avs: DevkitAvs
    eigenlayer: DevkitEigenLayer = DevkitEigenLayer()
    deployed_l1_contracts: tuple[DeployedContract, ...] = ()
    deployed_l2_contracts: tuple[DeployedContract, ...] = ()

    def operator(self, address: str) -> DevkitOperator:
        """Raises ConfigError(INVALID_CONFIG) if the context has no such operator."""
        wanted = Address.parse(address)
        for one in self.operators:
            if Address.parse(one.address) == wanted:
                return one
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"{SETTINGS / self.name}.yaml names the operator {address}, but the context's `operators` do not.",
        )

    def eigenlayer_address(self, layer: Literal["l1", "l2"], name: str) -> Address:
        """One of EigenLayer's contracts. Raises ConfigError(INVALID_CONFIG) if the context does not have it."""
        found = getattr(self.eigenlayer, layer).get(name)
        try:
            return Address.parse(str(found))
        except ValueError as error:
            raise ConfigError(
                Reason.INVALID_CONFIG, f"The context's eigenlayer.{layer}.{name} is no address: {found}."
            ) from error

    @property
    def state_machine(self) -> Address:
        """Our contract. Raises ConfigError(INVALID_CONFIG) before it is deployed."""
        found = self._deployed(STATE_MACHINE)
        if found is not None:
            return found
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"The context's deployed_l2_contracts have no {STATE_MACHINE}: run `devkit avs deploy contracts l2`, "
            "or `devkit avs devnet start`, first.",
        )

    @property
    def task_mailbox(self) -> Address | None:
        """Where plain tasks are created; None if this deployment takes none."""
        return self._deployed(TASK_MAILBOX)

    def _deployed(self, name: str) -> Address | None:
        return next(
            (Address.parse(one.address) for one in self.deployed_l2_contracts if one.name == name), None
        )


class OperatorSetEntry(_Ours):
    """An operator set that DevKit creates."""

    id: int = Field(ge=0, lt=2**32)
    curve_type: Literal["BN254", "ECDSA"]
    strategies: tuple[str, ...]


class RoleOperator(_Ours):
    """An operator in a role."""

    address: str
    socket: str = ""
    """For the registrar's callers. Our nodes open no port to each other: they meet on the bus."""
    weight: int = Field(default=100, gt=0)
    """Its stake in an operator table of our own; EigenLayer's has the real one."""

    _is_address = field_validator("address")(_address)


class Role(_Ours):
    """Who does what."""

    operatorSetId: int = Field(ge=0, lt=2**32)
    operators: tuple[RoleOperator, ...] = Field(min_length=1)
    digest: str = ""
    registry: str = ""


class Mailbox(_Ours):
    """How `TaskMailbox` takes this AVS's tasks."""

    taskSla: int = Field(default=120, gt=0)
    thresholdBps: int = Field(default=6_667, gt=0, le=10_000)


class WorkflowSettings(_Ours):
    """What DevKit knows nothing of."""

    verifier: Literal["eigenlayer", "local"] = "eigenlayer"
    """Who judges certificates: the context's verifiers, or a table of our own, for a devnet without a fork."""
    modules: tuple[str, ...] = ("workflow.py:oracle",)
    """What the agents serve: FILE.py:NAME."""
    bus_url: str | None = None
    """NATS; otherwise `run` starts one."""
    api_port: int = Field(default=9000, ge=0, le=65_535)
    environment: dict[str, str] = {}
    """What handlers see."""
    performer: dict[str, Any] | None = None
    """A performer of another kind, as an agent's settings have it: a gRPC address, or a container."""


class ProjectSettings(_Ours):
    """One file of `.hourglass/context/`: what a Hourglass project has there, and `workflow`."""

    operatorSets: tuple[OperatorSetEntry, ...] = Field(min_length=1)
    aggregator: Role
    executor: Role
    mailbox: Mailbox = Mailbox()
    workflow: WorkflowSettings = WorkflowSettings()

    def curve_of(self, operator_set: int) -> Literal["BN254", "ECDSA"]:
        """Which curve this set signs on. Raises ConfigError(INVALID_CONFIG) if `operatorSets` do not have it."""
        for one in self.operatorSets:
            if one.id == operator_set:
                return one.curve_type
        raise ConfigError(
            Reason.INVALID_CONFIG, f"`operatorSets` have no set {operator_set}, which a role names."
        )


def read_context(text: str) -> Context:
    """The first argument of a script. Raises ConfigError(INVALID_CONFIG), naming fields and never their values."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            "The first argument is DevKit's context as JSON; run this through `devkit avs`, not by hand.",
        ) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("context"), dict):
        raise ConfigError(Reason.INVALID_CONFIG, "DevKit's context has no `context`.")
    try:
        return Context.model_validate(raw["context"])
    except ValidationError as error:
        wrong = "; ".join(
            f"context.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"{wrong}. This template reads contexts of version 0.1.2: newer releases of DevKit migrate older ones.",
        ) from error


def load_project(context: Context) -> ProjectSettings:
    """The project's settings for this context. Raises ConfigError(INVALID_CONFIG), naming file and setting."""
    return load_settings(SETTINGS / f"{context.name}.yaml", ProjectSettings)
