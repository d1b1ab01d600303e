"""What the demonstration shows of an execution while it runs: phases, ticks, stake and who has signed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hourglass.reasons import Reason, reason_by_code
from hourglass.workflow.authoring import Workflow
from hourglass.workflow.series import Series

BAR_WIDTH = 40
WIDTH = 100
LEVELS = "▁▂▃▄▅▆▇█"
MISSED = "·"

Row = Mapping[str, Any]


def picture(
    rows: Sequence[Row], known: Sequence[Row], workflow: Workflow, name_of: Callable[[str], str]
) -> RenderableType:
    """All phases: those that are over in a line, those that are worked with their operators."""
    by_phase = {phase["phase"]: phase for phase in known}
    return Group(*(_panel(row, by_phase.get(row["phase"]), workflow, name_of) for row in rows))


def shown_result(workflow: Workflow, index: int, raw: str | None) -> str:
    """A phase's result in words."""
    if raw is None:
        return ""
    try:
        value = workflow.phases[index].result_type.decode(bytes.fromhex(raw.removeprefix("0x")))
    except ValueError:
        return raw
    if isinstance(value, Series):
        return f"{value.count} of {value.ticks} ticks: {', '.join(str(one) for one in value.values.values())}"
    return str(value)


def _panel(row: Row, phase: Row | None, workflow: Workflow, name_of: Callable[[str], str]) -> RenderableType:
    title = f"{row['phase']}  {row['name']}  [dim]{row['type']}[/dim]  {_coloured(row['status'])}"
    if phase is None:
        text = "waits for the phases it depends on" if row["status"] == "PENDING" else ""
        body: RenderableType = Text(text, style="dim")
    elif row["status"] == "COMPLETED":
        body = Group(*_ticks(phase, workflow), _stake(phase, workflow, row["result"] or None))
    else:
        body = Group(
            *_ticks(phase, workflow), _operators(phase, workflow, name_of), _stake(phase, workflow, None)
        )
    return Panel(body, title=title, title_align="left", width=WIDTH)


def _ticks(phase: Row, workflow: Workflow) -> tuple[RenderableType, ...]:
    """The series as it grows, a column per tick."""
    ticks = phase.get("ticks")
    if ticks is None:
        return ()
    values = {one["tick"]: _number(one["value"]) for one in ticks["known"] if not one["missed"]}
    missed = {one["tick"] for one in ticks["known"] if one["missed"]}
    low, high = min(values.values(), default=0), max(values.values(), default=0)
    line = "".join(
        MISSED if tick in missed else _level(values[tick], low, high) if tick in values else " "
        for tick in range(1, ticks["scheduled"] + 1)
    )
    last = max(values, default=0)
    latest = f"{values[last]:,}" if last else ""
    text = f"tick {last} of {ticks['scheduled']}, one each {ticks['interval_s']} s"
    return (
        Text.assemble(("▕", "dim"), (line, "cyan"), ("▏ ", "dim"), (f"{latest}  ", "bold"), (text, "dim")),
    )


def _level(value: int, low: int, high: int) -> str:
    return LEVELS[(value - low) * (len(LEVELS) - 1) // max(1, high - low)]


def _number(raw: str) -> int:
    return int.from_bytes(bytes.fromhex(raw[2:]), "big", signed=True)


def _operators(phase: Row, workflow: Workflow, name_of: Callable[[str], str]) -> RenderableType:
    total = int(phase["total_weights"][0])
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("operator", "stake", "observed", "signed", ""):
        table.add_column(column)
    results = {one["digest"]: one["result"] for one in phase["digests"]}
    for one in phase["operators"]:
        table.add_row(
            name_of(one["operator"]),
            f"{int(one['weights'][0]) * 100 / total:.0f} %",
            _value(workflow, phase, one["observed"]),
            ", ".join(_value(workflow, phase, results.get(digest)) for digest in one["signed"]),
            _remark(one),
        )
    return table


def _stake(phase: Row, workflow: Workflow, result: str | None) -> RenderableType:
    total = int(phase["total_weights"][0])
    leading = max(phase["digests"], key=lambda one: int(one["signed_weights"][0]), default=None)
    share = (int(leading["signed_weights"][0]) if leading else 0) * 100 / total
    needed = f"{phase['threshold_bps'] / 100:.2f} %" if phase["threshold_bps"] else "any"
    line = Table.grid(padding=(0, 1))
    line.add_row(
        "stake",
        ProgressBar(total=100, completed=share, width=BAR_WIDTH),
        f"{share:.1f} % of {needed} needed",
        f"gas {phase['gas_used']:,}" if phase.get("gas_used") else "",
    )
    if result is None or phase.get("ticks") is not None:
        return line
    return Group(Text(shown_result(workflow, phase["phase"], result), style="bold"), line)


def _value(workflow: Workflow, phase: Row, raw: str | None) -> str:
    """A value in one slot: of a tick without its leading byte, of a series how many ticks it has."""
    if raw is None:
        return ""
    if phase.get("ticks") is None:
        return shown_result(workflow, phase["phase"], raw)
    if phase["tick"]:
        return str(int.from_bytes(bytes.fromhex(raw[4:]), "big", signed=True))
    return shown_result(workflow, phase["phase"], raw).partition(":")[0]


def _remark(operator: Row) -> str:
    reason = reason_by_code(operator["reason"]) if operator["reason"] else None
    if reason is None:
        return ""
    colour = "yellow" if reason in (Reason.LATE, Reason.CONDITION_UNMET) else "red"
    return f"[{colour}]{reason.summary}[/{colour}]"


def _coloured(status: str) -> str:
    colour = {"COMPLETED": "green", "ACTIVE": "cyan", "PENDING": "dim"}.get(status, "red")
    return f"[{colour}]{status}[/{colour}]"
