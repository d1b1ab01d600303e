"""Runs Python workflows in a child process.

A handler is the AVS's code: it may hang in a loop that no event loop can interrupt, exhaust the memory, or end the
interpreter. In a process of its own it can be killed without taking the agent along, and it never sees a key. The
child is started when needed and again after it died; a handler that overruns its time is cancelled, and a child that
does not let itself be cancelled is killed.
"""

import asyncio
import os
import struct
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgpack
import structlog

from agent.performers.port import Work
from hourglass.certificate.digests import definition_hash
from hourglass.certificate.slots import Kind
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason, reason_by_code
from hourglass.workflow.definition import (
    FailurePolicy,
    PhaseDefinition,
    PhaseOptions,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.identifiers import Address, BasisPoints, PhaseIndex, StakeWeight
from hourglass.workflow.phases import PhaseType

WORKER = Path(__file__).with_name("python_worker.py")
LENGTH = struct.Struct(">I")
START_TIMEOUT_S = 30.0
CANCEL_TIMEOUT_S = 1.0
"""A worker whose loop is alive cancels a handler at once; one that takes longer is stuck in code."""
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
"""Of the agent's own environment; everything else a workflow needs stands in the agent's configuration."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Worker:
    process: asyncio.subprocess.Process
    requests: asyncio.StreamWriter
    answers: asyncio.StreamReader
    answers_transport: asyncio.ReadTransport
    waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    alive: bool = True
    """False as soon as its answers have ended, which may be before the process is reaped."""

    def send(self, message: dict[str, Any]) -> None:
        data: bytes = msgpack.packb(message, use_bin_type=True)
        self.requests.write(LENGTH.pack(len(data)) + data)

    async def receive(self) -> dict[str, Any] | None:
        try:
            (length,) = LENGTH.unpack(await self.answers.readexactly(LENGTH.size))
            message: dict[str, Any] = msgpack.unpackb(await self.answers.readexactly(length), raw=False)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return message

    async def hand_out(self) -> None:
        """Give every answer to whoever waits for it, until the worker is gone."""
        while (message := await self.receive()) is not None:
            future = self.waiting.pop(message["id"], None)
            if future is not None and not future.done():
                future.set_result(message)
        self.alive = False
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(HandlerError(Reason.PERFORMER_CRASHED))
        self.waiting.clear()
        await self.end()

    async def log_output(self) -> None:
        """What handlers print, line by line."""
        output = self.process.stdout
        while output is not None:
            try:
                line = await output.readline()
            except ValueError:
                continue  # a line longer than the reader's limit: it has been skipped
            if not line:
                return
            log.info("handler", line=line.decode("utf-8", errors="replace").rstrip())

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()

    async def end(self) -> None:
        """Kill it if it still runs, and give back what it held."""
        self.kill()
        await self.process.wait()
        self.requests.close()
        self.answers_transport.close()


@dataclass(slots=True)
class PythonPerformer:
    """Opened with `start`, which fails early if a workflow does not load."""

    specs: tuple[str, ...]
    environment: Mapping[str, str]
    _tasks: asyncio.TaskGroup
    _places: dict[bytes, int] = field(default_factory=dict)
    """Which of the loaded workflows has which definition."""
    _task_place: int | None = None
    """Which of them answers plain tasks."""
    _worker: _Worker | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ids: Iterator[int] = field(default_factory=count)

    @classmethod
    @asynccontextmanager
    async def start(
        cls, specs: Sequence[str], environment: Mapping[str, str]
    ) -> AsyncIterator["PythonPerformer"]:
        """Start the worker. Raises ConfigError(UNKNOWN_NAME) if a workflow does not load."""
        async with asyncio.TaskGroup() as tasks:
            performer = cls(tuple(specs), environment, tasks)
            try:
                await performer._ready()
                yield performer
            finally:
                if performer._worker is not None:
                    await performer._worker.end()

    @property
    def definition_hashes(self) -> frozenset[bytes]:
        """The definitions that the loaded workflows compile to."""
        return frozenset(self._places)

    @property
    def answers_tasks(self) -> bool:
        """Has one of the workflows a handler for plain tasks?"""
        return self._task_place is not None

    async def perform(self, work: Work, timeout_s: float) -> bytes:
        """Run the phase's handler; its value, encoded."""
        kind = "task" if work.kind is Kind.TASK else "perform"
        value: bytes = await self._ask(self._place_of(work), timeout_s, kind=kind, **request_of(work))
        return value

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        """Run what the author gave to watch a condition with."""
        seen: list[bytes] | None = await self._ask(
            self._place_of(work), timeout_s, kind="watch", **request_of(work)
        )
        return seen

    async def reduce(
        self,
        definition: bytes,
        phase_index: PhaseIndex,
        phase: PhaseDefinition,
        observations: Sequence[tuple[bytes, StakeWeight]],
        timeout_s: float,
    ) -> bytes:
        """Run the phase's reducer over encoded observations."""
        weighed = [(value, str(weight)) for value, weight in observations]
        value: bytes = await self._ask(
            self._place(definition), timeout_s, kind="reduce", phase=phase_index, observations=weighed
        )
        return value

    def _place_of(self, work: Work) -> int:
        if work.kind is Kind.PHASE:
            return self._place(work.definition_hash)
        if self._task_place is None:
            raise HandlerError(Reason.UNKNOWN_WORKFLOW, "None of its workflows has a handler of plain tasks.")
        return self._task_place

    def _place(self, definition: bytes) -> int:
        if definition not in self._places:
            raise HandlerError(Reason.UNKNOWN_WORKFLOW, f"Definition 0x{definition.hex()}.")
        return self._places[definition]

    async def _ask(self, place: int, timeout_s: float, **request: Any) -> Any:
        try:
            worker = await self._ready()
        except ConfigError as error:
            # It loaded when the agent started; whatever has changed since is this operator's to mend.
            raise HandlerError(Reason.PERFORMER_CRASHED, error.detail) from error
        which = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        worker.waiting[which] = future
        worker.send({"id": which, "workflow": place, **request})
        try:
            async with asyncio.timeout(timeout_s):
                answer = await future
        except TimeoutError as error:
            await self._cancel(worker, which)
            raise HandlerError(Reason.HANDLER_TIMED_OUT, f"After {timeout_s:.0f} s.") from error
        except asyncio.CancelledError:
            if worker.alive:
                worker.send({"id": which, "kind": "cancel"})
            raise
        if "value" in answer:
            return answer["value"]
        raise HandlerError(reason_by_code(answer["reason"]) or Reason.HANDLER_FAILED, answer["detail"])

    async def _cancel(self, worker: _Worker, which: int) -> None:
        """Cancel one handler. A worker that does not answer another question meanwhile is killed."""
        worker.waiting.pop(which, None)
        probe = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        worker.waiting[probe] = future
        worker.send({"id": which, "kind": "cancel"})
        # A reducer over nothing: it answers at once, with a value or a reason, if the loop turns at all.
        worker.send({"id": probe, "kind": "reduce", "workflow": 0, "phase": 0, "observations": []})
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                await future
        except (TimeoutError, HandlerError):
            log.warning("a handler does not let itself be cancelled; its process is killed")
            worker.kill()
            if self._worker is worker:
                self._worker = None

    async def _ready(self) -> _Worker:
        async with self._starting:
            if self._worker is None or not self._worker.alive:
                self._worker = await self._start()
            return self._worker

    async def _start(self) -> _Worker:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(WORKER),
                str(theirs_in),
                str(theirs_out),
                *self.specs,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(theirs_in, theirs_out),
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
                | dict(self.environment),
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        worker = _Worker(process, await _writer(ours_out), *await _reader(ours_in))
        self._tasks.create_task(worker.log_output())
        await self._learn(worker)
        self._tasks.create_task(worker.hand_out())
        return worker

    async def _learn(self, worker: _Worker) -> None:
        """What the worker has loaded."""
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                hello = await worker.receive()
        except TimeoutError:
            hello = None
        if hello is None or "loaded" not in hello:
            await worker.end()
            why = "it does not start" if hello is None else hello["failed"]
            raise ConfigError(Reason.UNKNOWN_NAME, f"{', '.join(self.specs)}: {why}.")
        answering = [place for place, one in enumerate(hello["loaded"]) if one["takes_tasks"]]
        if len(answering) > 1:
            await worker.end()
            both = " and ".join(self.specs[place] for place in answering)
            raise ConfigError(Reason.UNKNOWN_NAME, f"Plain tasks have one handler: {both} both have one.")
        self._task_place = answering[0] if answering else None
        for place, described in enumerate(hello["loaded"]):
            if "phases" in described:
                self._places[definition_hash(_definition(described))] = place


def request_of(work: Work) -> dict[str, Any]:
    """A handler call as the worker takes it."""
    return {
        "phase": work.phase_index,
        "execution": work.execution_id,
        "attempt": work.attempt,
        "tick": work.tick,
        "payload": work.payload,
        "results": work.results,
        "trigger_data": work.trigger_data,
        "operator": bytes(work.operator),
        "deadline": work.deadline,
    }


def _definition(described: dict[str, Any]) -> WorkflowDefinition:
    return WorkflowDefinition(
        described["name"],
        tuple(
            PhaseDefinition(
                name,
                PhaseType(phase_type),
                timeout,
                tuple(dependencies),
                trigger,
                operator_set,
                metadata,
                int(stake),
                BasisPoints(threshold),
                PhaseOptions(
                    Address(avs) if avs else None,
                    attempts,
                    FailurePolicy(on_failure),
                    PhaseIndex(fallback),
                    TriggerMode(mode),
                    skip,
                ),
            )
            for (
                name,
                phase_type,
                timeout,
                dependencies,
                trigger,
                operator_set,
                metadata,
                stake,
                threshold,
                (avs, attempts, on_failure, fallback, mode, skip),
            ) in described["phases"]
        ),
        described["execution_timeout"],
    )


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(descriptor, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def _reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    return reader, transport
