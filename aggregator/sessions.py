"""Keeps sessions equal to what one road has open: opened and closed by comparison, after every block.

So a lost event, a reorg and a restart are all the same case. Each session has a driver, and a task that ends with it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from aggregator.driver import Driver, Edges
from aggregator.events import AttestationReceived, ClockMoved, ObservationReceived, Opened, RefusalReceived
from aggregator.journey import Journey
from aggregator.opening import Pace
from aggregator.road import OpenWork, Road
from aggregator.session import PhaseSession
from hourglass.certificate.slots import ObservationSlot
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.identifiers import ChainTime

MAX_REMEMBERED = 256
"""Closed sessions that are kept, for the status API and for late answers."""
RETRY_CEILING_S = 5.0

Answer = ObservationReceived | AttestationReceived | RefusalReceived

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Sessions:
    """Every session of one road. Owned by the event loop; only `reconcile` opens and closes drivers."""

    road: Road
    edges: Edges
    pace: Pace
    drivers: dict[ObservationSlot, Driver] = field(default_factory=dict)
    remembered: OrderedDict[ObservationSlot, Driver] = field(default_factory=OrderedDict)
    chain_time: ChainTime | None = None
    """The head's, once it has been seen."""
    _working: dict[PhaseStarted, asyncio.Task[None]] = field(default_factory=dict)
    _slots: dict[ObservationSlot, PhaseStarted] = field(default_factory=dict)
    """Of all that is being worked, or about to be."""

    def reconcile(self, group: asyncio.TaskGroup, chain_time: ChainTime) -> None:
        """Open and close until what is worked is what is open."""
        self.chain_time = chain_time
        for driver in self.drivers.values():
            driver.put(ClockMoved(chain_time))
        wanted = {work.started: work for work in self.road.open_work(chain_time)}
        for started in self._working.keys() - wanted.keys():
            self._end(started)
        for started, work in wanted.items():
            if started not in self._working:
                self._slots[work.slot] = started
                self._working[started] = group.create_task(self._work(work))

    def _end(self, started: PhaseStarted) -> None:
        """What opened is over, or is another now: its gate opened, or a reorg started it anew."""
        for driver in self.drivers.values():
            if driver.session.opening.started == started:
                driver.close()
                return
        self._working[started].cancel()

    async def _work(self, work: OpenWork) -> None:
        """One phase attempt or task, from its opening until the chain has closed it."""
        driver: Driver | None = None
        slot = work.slot
        try:
            opening = await insist(lambda: self.road.read_opening(work))
            driver = Driver(PhaseSession(opening, self.pace), self.edges, Journey())
            driver.put(Opened())
            if self.chain_time is not None:
                driver.put(ClockMoved(self.chain_time))
            self.drivers[slot] = driver
            await driver.run()
        except Exception:
            # One phase must not take the others along; the next block makes its session anew.
            log.exception("a session failed", execution=slot.execution_id.hex(), phase=slot.phase_index)
        finally:
            self._working.pop(work.started, None)
            if self._slots.get(slot) == work.started:
                del self._slots[slot]
            if driver is not None and self.drivers.get(slot) is driver:
                del self.drivers[slot]
                self._remember(slot, driver)

    def _remember(self, slot: ObservationSlot, driver: Driver) -> None:
        self.remembered[slot] = driver
        while len(self.remembered) > MAX_REMEMBERED:
            self.remembered.popitem(last=False)

    def route(self, answer: Answer, slot: ObservationSlot) -> Reason | None:
        """Give an answer to the session that it is for; why there is none, if so. `slot`: the whole phase's."""
        driver = self.drivers.get(slot)
        if driver is not None:
            driver.put(answer)
        elif slot in self.remembered:
            # Its driver has ended, so the session is nobody's; it still records who was late or outvoted.
            try:
                self.remembered[slot].session.receive(answer, asyncio.get_running_loop().time())
            except Exception:
                # One phase that is over must not take all others' answers along.
                log.exception("a session failed", execution=slot.execution_id.hex(), phase=slot.phase_index)
                del self.remembered[slot]
        elif slot not in self._slots:
            return self.road.why_homeless(slot)
        return None

    def known(self) -> Iterator[Driver]:
        """Those that are over and still remembered, then those that run."""
        yield from self.remembered.values()
        yield from self.drivers.values()


T = TypeVar("T")


async def insist(read: Callable[[], Awaitable[T]]) -> T:
    """Ask the chain until it answers: whoever waits for this has nothing else to do meanwhile."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(ChainError), wait=wait_exponential(0.1, RETRY_CEILING_S)
    ):
        with attempt:
            return await read()
    raise AssertionError("unreachable: the retrying never ends without a result")
