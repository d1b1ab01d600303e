"""The ids and units that everything else is keyed by, each its own type so that none passes for another."""

from typing import NewType

from eth_hash.auto import keccak

ADDRESS_BYTES = 20
WORD_BYTES = 32

ChainId = NewType("ChainId", int)
WorkflowId = NewType("WorkflowId", bytes)
"""32 bytes: keccak256(abi.encode(chainId, stateMachine, creator, keccak256(name), version))."""
ExecutionId = NewType("ExecutionId", bytes)
"""32 bytes, assigned by the contract when an execution starts."""
PhaseIndex = NewType("PhaseIndex", int)
Attempt = NewType("Attempt", int)
"""Counts from 1: the contract starts the first attempt of a phase."""
Tick = NewType("Tick", int)
"""0 is the whole phase; a CONTINUOUS phase's ticks count from 1."""
Round = NewType("Round", int)
"""0 where honest operators compute the same bytes; counts proposals where one decides them."""
ReferenceTimestamp = NewType("ReferenceTimestamp", int)
"""Unix seconds; names one operator table of an operator set."""
ChainTime = NewType("ChainTime", int)
"""Unix seconds by block timestamp: the only clock that deadlines follow."""
BlockNumber = NewType("BlockNumber", int)
BasisPoints = NewType("BasisPoints", int)
"""0 to 10,000 hundredths of a per cent of stake."""
StakeWeight = NewType("StakeWeight", int)
"""As EigenLayer's operator tables hold it, uint256."""
InputsHash = NewType("InputsHash", bytes)
MessageHash = NewType("MessageHash", bytes)
"""32 bytes: what a certificate is about. Not what is signed; that is the digest."""
Digest = NewType("Digest", bytes)
"""32 bytes: what an operator's BLS key signs."""
TxHash = NewType("TxHash", bytes)


class Address(bytes):
    """An EVM address as its 20 bytes, so that spelling never makes one operator into two.

    `str()` gives the EIP-55 checksummed form.
    """

    __slots__ = ()

    def __new__(cls, raw: bytes) -> "Address":
        """From its 20 bytes. Raises ValueError for another length."""
        if len(raw) != ADDRESS_BYTES:
            raise ValueError(f"an address has {ADDRESS_BYTES} bytes, not {len(raw)}")
        return super().__new__(cls, raw)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """From hexadecimal with 0x, in any letter case. Raises ValueError."""
        if not text.startswith(("0x", "0X")):
            raise ValueError(f"an address starts with 0x: {text!r}")
        return cls(bytes.fromhex(text[2:]))

    def __str__(self) -> str:
        digits = self.hex()
        check = keccak(digits.encode("ascii")).hex()
        return "0x" + "".join(
            digit.upper() if int(nibble, 16) >= 8 else digit
            for digit, nibble in zip(digits, check, strict=False)
        )

    def __repr__(self) -> str:
        return f"Address({self})"


class OperatorSetId(tuple[Address, int]):
    """An operator set: its AVS and its number within that AVS (uint32)."""

    __slots__ = ()

    def __new__(cls, avs: Address, number: int) -> "OperatorSetId":
        """Raises ValueError unless `number` is a uint32."""
        if not 0 <= number < 2**32:
            raise ValueError(f"an operator set's number is a uint32: {number}")
        return super().__new__(cls, (avs, number))

    @property
    def avs(self) -> Address:
        """The AVS's address."""
        return self[0]

    @property
    def number(self) -> int:
        """The number within the AVS."""
        return self[1]

    @property
    def key(self) -> bytes:
        """EigenLayer's 32-byte key: avs ‖ uint96(number)."""
        return bytes(self.avs) + self.number.to_bytes(WORD_BYTES - ADDRESS_BYTES, "big")

    def __str__(self) -> str:
        return f"{self.avs}/{self.number}"
