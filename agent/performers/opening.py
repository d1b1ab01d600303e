"""Opens what the agent's configuration names: Python workflows, a gRPC performer, or both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from agent.config import AgentConfig
from agent.performers.config import PerformerConfig
from agent.performers.port import Performer
from agent.performers.python import PythonPerformer
from agent.performers.routing import RoutingPerformer
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address


@asynccontextmanager
async def open_performer(config: AgentConfig, operator: Address) -> AsyncIterator[Performer]:
    """Everything that runs the AVS's code for this operator; what was started ends with the context.

    Raises ConfigError for a workflow that does not load, for two handlers of tasks, and without the extra `grpc`.
    """
    async with AsyncExitStack() as stack:
        foreign = None
        if config.performer is not None:
            foreign = await stack.enter_async_context(_open_foreign(config.performer, operator))
        if not config.workflows and foreign is not None:
            yield foreign
            return
        python = await stack.enter_async_context(PythonPerformer.start(config.workflows, config.environment))
        if foreign is None:
            yield python
            return
        if python.answers_tasks:
            raise ConfigError(
                Reason.INVALID_CONFIG,
                "Plain tasks go to the `performer`, and one of the `workflows` has a handler for them: remove one.",
            )
        yield RoutingPerformer(python, foreign)


@asynccontextmanager
async def _open_foreign(config: PerformerConfig, operator: Address) -> AsyncIterator[Performer]:
    try:
        from agent.performers.grpc import GrpcPerformer
        from agent.performers.supervised import launcher_of, supervised
    except ImportError as error:
        detail = f"`performer` needs {error.name}: install hourglass-workflow[grpc]."
        raise ConfigError(Reason.INVALID_CONFIG, detail) from error
    async with GrpcPerformer.open(config) as performer:
        if config.command or config.container is not None:
            async with launcher_of(config, operator) as launch, supervised(launch, performer, config):
                yield performer
        else:
            yield performer
