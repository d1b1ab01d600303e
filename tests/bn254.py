"""What a test knows and a type does not say: that this set signs on BN254."""

from collections.abc import Mapping

from hourglass.bls.curve import G1Point
from hourglass.certificate.certificates import Certificate
from hourglass.certificate.curves import AnyCertificate, AnyTable, Signature
from hourglass.certificate.operators import OperatorTable
from hourglass.workflow.identifiers import Address


def certificate_of(certificate: AnyCertificate) -> Certificate:
    """A BN254 certificate."""
    assert isinstance(certificate, Certificate)
    return certificate


def table_of(table: AnyTable) -> OperatorTable:
    """A BN254 set's table."""
    assert isinstance(table, OperatorTable)
    return table


def points_of(signatures: Mapping[Address, Signature]) -> dict[Address, G1Point]:
    """BN254 signatures."""
    points = {who: one for who, one in signatures.items() if isinstance(one, G1Point)}
    assert len(points) == len(signatures)
    return points
