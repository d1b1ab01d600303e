"""The same definition as `single`, with a handler that fails in the way that its operator is told to."""

import asyncio
import os
import time
from typing import Any

from hourglass import Context, Workflow

single = Workflow("single")


@single.immediate(operator_set=1, threshold="66.67%", timeout=600)
async def shout(ctx: Context) -> bytes:
    """Misbehave."""
    wrong: Any = 17
    match os.environ["MISBEHAVIOUR"]:
        case "raises":
            raise RuntimeError("the source is down")
        case "wrong type":
            return wrong  # type: ignore[no-any-return]
        case "dies":
            os._exit(3)
        case "hangs":
            await asyncio.sleep(3600)
        case "spins":
            time.sleep(3600)  # noqa: ASYNC251 - it is the misbehaviour
    return b""
