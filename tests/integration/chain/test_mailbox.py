"""A node meets its task mailbox: it is there, it hashes as this release signs, and it tells its tasks."""

from collections.abc import AsyncIterator

import pytest
from eth_hash.auto import keccak
from transported import SET, keys, operator

from hourglass.chain.client import EvmChain
from hourglass.chain.codec import load_contract
from hourglass.chain.config import ChainConfig
from hourglass.chain.mailbox import EvmTaskMailbox, open_mailbox
from hourglass.chain.port import Block, CallContract
from hourglass.chain.sender import TransactionSender
from hourglass.chain.task_book import TaskBook
from hourglass.chain.tasks import TaskHash, TaskStatus
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import OperatorRegistration, deploy_local
from hourglass.testing.task_mailbox import TaskTerms, create_task, deploy_mailbox
from hourglass.workflow.identifiers import BlockNumber, ChainTime

KEYS = keys(2)


@pytest.fixture
async def anvil() -> AsyncIterator[Anvil]:
    async with Anvil.start() as started:
        yield started


async def opened(anvil: Anvil, terms: TaskTerms) -> tuple[ChainConfig, str]:
    people = [OperatorRegistration(operator(n), KEYS[n], {1: (100,)}) for n in KEYS]
    deployment = await deploy_local(anvil, people, [anvil.accounts[1].address])
    mailbox = await deploy_mailbox(anvil, deployment, {SET: terms})
    settings = {
        "rpc_url": anvil.rpc_url,
        "chain_id": anvil.chain_id,
        "state_machine": str(deployment.state_machine),
        "task_mailbox": str(mailbox),
    }
    return ChainConfig.model_validate(settings), str(mailbox)


async def test_tasks_are_read_as_they_were_created_and_expire_by_the_clock(anvil: Anvil) -> None:
    config, address = await opened(anvil, TaskTerms(sla_s=60))
    async with EvmChain.connect(config) as chain:
        mailbox = await open_mailbox(chain, config)
        assert mailbox is not None
        assert str(mailbox.address) == address
        sender = TransactionSender(chain, anvil.accounts[0])
        first = await create_task(sender, mailbox, SET, b"first", operator(9))
        second = await create_task(sender, mailbox, SET, b"second")
        view = await mailbox.task(first)
        assert view is not None
        assert (view.status, view.payload, view.threshold) == (TaskStatus.CREATED, b"first", 6_667)
        assert (view.operator_set, view.refund_collector) == (SET, operator(9))
        assert view.deadline == view.created_at + 60
        assert await mailbox.task(TaskHash(b"\x01" * 32)) is None
        head = await mailbox.head()
        logged = await mailbox.events(await mailbox.start_block(), head.number)
        book = TaskBook()
        for one in logged:
            book.add(one.block, one.event)
            (same,) = [e for e in await mailbox.events_of(await block(mailbox, one.block)) if e == one]
            assert same.block_hash == one.block_hash
        assert [task.task_hash for task in book.open_tasks(head.timestamp)] == [first, second]
        await anvil.increase_time(61)
        await anvil.request("evm_mine")
        view = await mailbox.task(first)
        assert view is not None
        assert view.status is TaskStatus.EXPIRED
        assert book.open_tasks(ChainTime(view.as_of)) == ()


async def block(mailbox: EvmTaskMailbox, number: BlockNumber) -> Block:
    found = await mailbox.block(number)
    assert found is not None
    return found


async def test_only_tasks_of_the_last_seven_days_are_looked_for(anvil: Anvil) -> None:
    config, _ = await opened(anvil, TaskTerms())
    async with EvmChain.connect(config) as chain:
        mailbox = await open_mailbox(chain, config)
        assert mailbox is not None
        assert await mailbox.start_block() == 0
        before = await mailbox.head()
        await anvil.increase_time(8 * 24 * 3_600)
        await anvil.request("evm_mine")
        assert await mailbox.start_block() == before.number + 1


async def test_what_the_mailbox_refuses_is_told_by_its_reason(anvil: Anvil) -> None:
    config, _ = await opened(anvil, TaskTerms())
    async with EvmChain.connect(config) as chain:
        mailbox = await open_mailbox(chain, config)
        assert mailbox is not None
        data = load_contract("TaskMailbox").call("submitResult", b"\x01" * 32, b"", b"")
        with pytest.raises(RevertedError) as refused:
            await TransactionSender(chain, anvil.accounts[0]).send(CallContract(mailbox.address, data))
        assert (refused.value.error_name, refused.value.reason) == ("InvalidTaskStatus", Reason.TASK_UNKNOWN)


async def test_another_contract_is_no_mailbox(anvil: Anvil) -> None:
    config, _ = await opened(anvil, TaskTerms())
    async with EvmChain.connect(config) as chain:
        for wrong in (config.state_machine, str(operator(5))):
            with pytest.raises(ChainError) as refused:
                await open_mailbox(chain, config.model_copy(update={"task_mailbox": wrong}))
            assert refused.value.reason in (Reason.CONTRACT_MISSING, Reason.CALL_REFUSED)
        assert await open_mailbox(chain, config.model_copy(update={"task_mailbox": None})) is None


async def test_a_mailbox_of_an_earlier_release_is_refused(
    anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, _ = await opened(anvil, TaskTerms())
    async with EvmChain.connect(config) as chain:

        async def as_before(_: object, __: object, ___: object, function: str, *arguments: bytes) -> object:
            assert function == "getMessageHash"
            return (keccak(arguments[1]),)

        monkeypatch.setattr(EvmChain, "view", as_before)
        with pytest.raises(ChainError) as refused:
            await open_mailbox(chain, config)
        assert refused.value.reason is Reason.MAILBOX_UNSUITED
