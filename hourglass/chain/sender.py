"""Sends one account's transactions, one nonce after another, and waits for each to be mined."""

import asyncio
from dataclasses import dataclass, field

from hourglass.chain.port import Call, Chain, Receipt, SigningAccount
from hourglass.chain.transactions import plan
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import TxHash

WEI_PER_GWEI = 10**9
RECEIPT_POLL_S = 0.004
RECEIPT_POLL_GROWTH = 1.5
RECEIPT_POLL_CEILING_S = 2.0


@dataclass(slots=True)
class TransactionSender:
    """The only sender of its account in this process. A nonce used by someone else is noticed and skipped."""

    chain: Chain
    account: SigningAccount
    timeout_s: float = 120.0
    max_fee_gwei: float = 500.0
    _next: int | None = None
    _under_way: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, call: Call) -> Receipt:
        """Simulate, send, wait.

        Raises RevertedError if the contract refuses it, before or after it was sent, and
        ChainError(TRANSACTION_FAILED) if it was not mined in time.
        """
        tx_hash = await self._hand_over(call)
        self._under_way += 1
        try:
            receipt = await self._mined(tx_hash)
        finally:
            self._under_way -= 1
        if not receipt.succeeded:
            # Once more as a simulation: it tells the reason that a receipt does not.
            await self.chain.estimate_gas(call, self.account.address)
            raise RevertedError(Reason.TRANSACTION_REVERTED, "unknown", f"0x{tx_hash.hex()} reverted.")
        return receipt

    async def _hand_over(self, call: Call) -> TxHash:
        async with self._turn:
            gas, quote, known = await asyncio.gather(
                self.chain.estimate_gas(call, self.account.address),
                self.chain.fees(),
                self.chain.next_nonce(self.account.address),
            )
            # With nothing of ours under way the chain knows best: a reorg may have taken transactions back,
            # and counting on from them would leave a gap that nothing ever fills.
            nonce = known if self._next is None or not self._under_way else max(self._next, known)
            offer = plan(nonce, gas, quote, int(self.max_fee_gwei * WEI_PER_GWEI))
            try:
                tx_hash = await self.chain.send(call, offer, self.account)
            except ChainError:
                self._next = None
                raise
            self._next = nonce + 1
            return tx_hash

    async def _mined(self, tx_hash: TxHash) -> Receipt:
        pause = RECEIPT_POLL_S
        try:
            async with asyncio.timeout(self.timeout_s):
                while (receipt := await self._receipt(tx_hash)) is None:
                    await asyncio.sleep(pause)
                    pause = min(pause * RECEIPT_POLL_GROWTH, RECEIPT_POLL_CEILING_S)
                return receipt
        except TimeoutError as error:
            self._next = None
            detail = f"0x{tx_hash.hex()} was not mined within {self.timeout_s:.0f} s."
            raise ChainError(Reason.TRANSACTION_FAILED, detail) from error

    async def _receipt(self, tx_hash: TxHash) -> Receipt | None:
        try:
            return await self.chain.receipt(tx_hash)
        except RevertedError:
            raise
        except ChainError:
            # The transaction is under way whether the endpoint answers or not.
            return None
