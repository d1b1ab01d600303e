"""What `hourglass workflow validate` asks a network: operator sets, roles, prices, and what the calls would come to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hourglass.workflow.review import Finding, Severity

if TYPE_CHECKING:
    from hourglass.certificate.readiness import OperatorSetState
    from hourglass.chain.client import EvmChain
    from hourglass.chain.fees import FeeVault
    from hourglass.chain.port import Call
    from hourglass.chain.tokens import Currency
    from hourglass.errors import RevertedError
    from hourglass.workflow.definition import WorkflowDefinition
    from hourglass.workflow.identifiers import Address, OperatorSetId, WorkflowId

NO_PAYLOAD = b""
"""Prices and gas are those of an execution without one."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a fee vault charges."""

    currency: "Currency"
    register: int
    execute: int


@dataclass(frozen=True, slots=True)
class Costs:
    """What it takes to register and to execute, as far as it could be found out."""

    register_gas: int | None = None
    execute_gas: int | None = None
    prices: Prices | None = None
    """None without a fee vault."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network says of a definition."""

    findings: tuple[Finding, ...]
    operator_sets: tuple["OperatorSetId", ...]
    """By phase."""
    submission_gas: tuple[int, ...]
    """By phase: of its result's submission, by what was measured on the contract."""
    costs: Costs


@dataclass(frozen=True, slots=True)
class Question:
    """Who would register what, and where."""

    chain: "EvmChain"
    definition: "WorkflowDefinition"
    triggers: tuple["Address", ...]
    creator: "Address | None"

    async def ask(self) -> Answers:
        """Raises ChainError."""
        from hourglass.certificate.readiness import judge
        from hourglass.chain.fees import FeeVault
        from hourglass.chain.gas import submission_gas
        from hourglass.chain.operator_sets import operator_set_state

        sets = await self._operator_sets()
        known = {one: await operator_set_state(self.chain, one) for one in dict.fromkeys(sets)}
        head = await self.chain.head()
        findings = [*judge(self.definition, [known[one] for one in sets], head.timestamp)]
        vault, costs = await FeeVault.find(self.chain), Costs()
        if self.creator is None:
            text = (
                "No account is known that would register it: name a key in the network's file, or --creator."
            )
            findings.append(Finding(Severity.WARNING, "no_creator", text))
        else:
            findings += [await self._role(self.creator), *await self._paused()]
            refused, costs = await _Rehearsal(self, self.creator, vault).perform()
            findings += [one for one in refused if one.rule not in {known.rule for known in findings}]
        settles = costs.prices is not None and costs.prices.execute > 0
        return Answers(
            tuple(findings),
            sets,
            tuple(
                submission_gas(starts, settles, _ecdsa_keys(known[which]))
                for starts, which in zip(_dependents(self.definition), sets, strict=True)
            ),
            costs,
        )

    async def _operator_sets(self) -> tuple["OperatorSetId", ...]:
        from hourglass.workflow.identifiers import Address, OperatorSetId

        (home,) = await self.chain.view(self.chain.machine, self.chain.state_machine, "avs")
        return tuple(
            OperatorSetId(phase.options.avs or Address.parse(home), phase.operator_set_id)
            for phase in self.definition.phases
        )

    async def _role(self, creator: "Address") -> Finding:
        machine, address = self.chain.machine, self.chain.state_machine
        (role,) = await self.chain.view(machine, address, "WORKFLOW_CREATOR_ROLE")
        (held,) = await self.chain.view(machine, address, "hasRole", role, str(creator))
        if held:
            return Finding(Severity.FINE, "creator", f"{creator} may register workflows.")
        text = (
            f"{creator} lacks WORKFLOW_CREATOR_ROLE: ask the state machine's admin for "
            "`authorizeWorkflowCreator`."
        )
        return Finding(Severity.ERROR, "AccessControlUnauthorizedAccount", text)

    async def _paused(self) -> tuple[Finding, ...]:
        (paused,) = await self.chain.view(self.chain.machine, self.chain.state_machine, "paused")
        text = "The state machine is paused: nothing can be registered or started until its pausers end that."
        return (Finding(Severity.ERROR, "EnforcedPause", text),) if paused else ()


def _dependents(definition: "WorkflowDefinition") -> tuple[int, ...]:
    """By phase: how many its end may start."""
    phases = definition.phases
    return tuple(
        sum(index in phase.dependencies for phase in phases) for index in range(len(definition.phases))
    )


def _ecdsa_keys(state: "OperatorSetState") -> int:
    """How many sign at most where keys are on secp256k1; 0 where they are not, or nobody tells."""
    from hourglass.certificate.ecdsa_table import EcdsaOperatorTable

    return len(state.table.operators) if isinstance(state.table, EcdsaOperatorTable) else 0


# ── Registering and executing, without sending anything ───────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """Registering the definition and executing it at once, paid as they would have to be."""

    question: Question
    creator: "Address"
    vault: "FeeVault | None"

    async def perform(self) -> tuple[tuple[Finding, ...], Costs]:
        """What would be refused, and what it would cost. Raises ChainError."""
        from hourglass.chain.port import ExecuteWorkflow, RegisterWorkflow
        from hourglass.chain.simulation import simulate
        from hourglass.errors import RevertedError

        workflow = await self._next_id()
        try:
            prices = await self._prices(workflow)
        except RevertedError as error:
            return (_refusal("The fee vault's price", error),), Costs()
        in_ether = prices is not None and prices.currency.token is None
        register = RegisterWorkflow(
            self.question.definition, self.question.triggers, prices.register if prices and in_ether else 0
        )
        execute = ExecuteWorkflow(workflow, NO_PAYLOAD, prices.execute if prices and in_ether else 0)
        first = await self._approvals(prices)
        poor = await self._too_poor(prices)
        if poor is not None:
            return (poor,), Costs(prices=prices)
        outcomes = await simulate(self.question.chain, (*first, register, execute), self.creator)
        if outcomes is None:
            return await self._estimate(register, prices)
        registered, executed = outcomes[-2:]
        if registered.refusal is not None:
            return (_refusal("registerWorkflow", registered.refusal),), Costs(prices=prices)
        if executed.refusal is not None:
            found = (_refusal("executeWorkflow", executed.refusal),)
            return found, Costs(registered.gas_used, prices=prices)
        return _too_much_gas(registered.gas_used), Costs(registered.gas_used, executed.gas_used, prices)

    async def _next_id(self) -> "WorkflowId":
        from hourglass.certificate.digests import workflow_id

        chain, name = self.question.chain, self.question.definition.name
        found = await chain.latest_workflow(self.creator, name)
        version = 1 if found is None else found.version + 1
        return workflow_id(chain.chain_id, chain.state_machine, self.creator, name, version)

    async def _prices(self, workflow: "WorkflowId") -> Prices | None:
        from hourglass.chain.tokens import currency_of

        if self.vault is None:
            return None
        schedule = await self.vault.schedule()
        phases = len(self.question.definition.phases)
        quoted = await self.vault.quote(workflow, self.creator, NO_PAYLOAD, phases)
        currency = await currency_of(self.question.chain, schedule.token)
        return Prices(currency, schedule.workflow_fee, quoted.amount)

    async def _approvals(self, prices: Prices | None) -> tuple["Call", ...]:
        from hourglass.chain.tokens import approvals

        if self.vault is None or prices is None or prices.currency.token is None:
            return ()
        total = prices.register + prices.execute
        token = prices.currency.token
        return await approvals(self.question.chain, token, self.creator, self.vault.address, total)

    async def _too_poor(self, prices: Prices | None) -> Finding | None:
        from hourglass.chain.tokens import balance_of

        if prices is None:
            return None
        total, currency = prices.register + prices.execute, prices.currency
        owned = await balance_of(self.question.chain, currency.token, self.creator)
        if owned >= total:
            return None
        text = f"{self.creator} holds {currency.shown(owned)}, and the fees come to {currency.shown(total)}."
        return Finding(Severity.ERROR, "fees", text)

    async def _estimate(self, register: "Call", prices: Prices | None) -> tuple[tuple[Finding, ...], Costs]:
        """Where the endpoint can't simulate one call after another: registering alone, executing by the figures."""
        from hourglass.chain.gas import execution_gas
        from hourglass.errors import RevertedError

        roots = sum(
            not phase.dependencies and index not in self.question.definition.fallbacks
            for index, phase in enumerate(self.question.definition.phases)
        )
        try:
            used = await self.question.chain.estimate_gas(register, self.creator)
        except RevertedError as error:
            return (_refusal("registerWorkflow", error),), Costs(prices=prices)
        return _too_much_gas(used), Costs(used, execution_gas(roots), prices)


def _refusal(call: str, error: "RevertedError") -> Finding:
    text = f"{call} would be refused: {error.reason.summary} {error.detail}"
    return Finding(Severity.ERROR, error.error_name, text)


def _too_much_gas(used: int) -> tuple[Finding, ...]:
    from hourglass.chain.transactions import GAS_CAP

    if used <= GAS_CAP:
        return ()
    text = f"Registering it takes {used:,} gas, and one transaction may use {GAS_CAP:,}: split the workflow."
    return (Finding(Severity.ERROR, "gas_cap", text),)
