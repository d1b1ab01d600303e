"""The workflow's definition, without a network."""

from workflow import oracle


def test_the_update_follows_the_agreement() -> None:
    """What DevKit registers is what this says."""
    definition = oracle.compile()
    assert [phase.name for phase in definition.phases] == ["agree", "update"]
    assert definition.phases[1].dependencies == (0,)
