"""The one closed list of reasons."""

from generators.prose import NOTE
from hourglass.reasons import Reason


def page() -> str:
    """docs/reasons.md."""
    lines = [
        NOTE + "# Reasons\n",
        "Every refusal, miss and failure carries exactly one of these, in logs, metrics and messages alike.\n",
    ]
    for reason in Reason:
        lines += [
            f"## `{reason.code}`\n",
            f"**{reason.summary}** To act: {reason.fault.value}.\n",
            f"- Cause: {reason.cause}",
            f"- What to do: {reason.advice}\n",
        ]
    return "\n".join(lines)
