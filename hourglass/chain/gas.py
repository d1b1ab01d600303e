"""What calls cost that can't be simulated before operators have signed: figures measured on the contract. Pure.

They are those of contracts/snapshots/gas.json, for a result of one word which everybody signed, to be taken as a
guide: each operator that did not sign and was never seen before costs `NON_SIGNER` more, long results cost their bytes.
"""

EXECUTE = 179_014
""""executeWorkflow, one root phase, no payload"."""
SUBMIT = 282_575
""""submitPhaseResult, last phase, all signed"."""
START = 41_603
"""For each phase that a submission starts, or an execution beyond its first: "submitPhaseResult, starts 63 others" less
SUBMIT, by 63."""
NON_SIGNER = 104_719
""""submitPhaseResult, last phase, one new non-signer" less SUBMIT."""
ECDSA_SUBMIT = 130_155
"""SUBMIT of an operator set with ECDSA keys, but for its signers."""
ECDSA_SIGNER = 13_434
"""For each of them: "submitPhaseResult, last phase, all 16 ECDSA keys signed" less the same with 4, by 12."""
SETTLE = 70_000
"""What the fee vault itself counts for its part (SETTLEMENT_GAS)."""


def submission_gas(starts: int, settles: bool, ecdsa_signers: int = 0) -> int:
    """Of a phase whose end starts so many others, its fee shared out or not, by so many ECDSA keys; 0: by BLS."""
    verified = ECDSA_SUBMIT + ecdsa_signers * ECDSA_SIGNER if ecdsa_signers else SUBMIT
    return verified + starts * START + (SETTLE if settles else 0)


def execution_gas(roots: int) -> int:
    """Of an execution with so many phases that wait for none."""
    return EXECUTE + max(0, roots - 1) * START
