"""A handler that fails is that operator's miss, with its reason; the phase goes on with the others."""

from pathlib import Path

from play import Start

from hourglass.workflow.execution import ExecutionStatus


async def test_handlers_that_raise_die_or_return_the_wrong_type_are_named_and_done_without(
    start: Start, workflows: Path
) -> None:
    spec, bad = f"{workflows / 'single.py'}:single", f"{workflows / 'misbehaving.py'}:single"
    play = await start(
        spec,
        specs={3: bad, 4: bad, 5: bad},
        environments=[
            {"GATE": ""},
            {"GATE": ""},
            {"MISBEHAVIOUR": "raises"},
            {"MISBEHAVIOUR": "wrong type"},
            {"MISBEHAVIOUR": "dies"},
        ],
    )
    # Two operators alone hold 65 %, not enough: the third joins once its misbehaviour has been seen.
    execution = await play.execute(spec, b"x")

    async def named() -> bool:
        reasons = await play.reasons(execution, 0)
        return reasons == {
            "operator-3": "handler_failed",
            "operator-4": "handler_wrong_type",
            "operator-5": "performer_crashed",
        }

    await play.until("each misbehaviour to be named", named)
    await play.agent(3).kill()
    config = play.network.folder / "operator-3" / "config.yaml"
    config.write_text(config.read_text().replace("misbehaving.py", "single.py"))
    await play.agent(3).start()
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
    assert (await play.phase(execution, 0)).result == b"X"
