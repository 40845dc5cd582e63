"""What holds of a plan after every rule; a failure is our bug, never the user's."""

from __future__ import annotations

from tapeql.plan.nodes import (
    Compute,
    DayMeasures,
    InRange,
    Plan,
    Project,
    QuoteMeans,
    SessionFlags,
    SessionMeasures,
    Sort,
    TimeParts,
    Where,
)
from tapeql.query.columns import BAR, ROW
from tapeql.query.nodes import Call as CallNode
from tapeql.query.nodes import Expr, Over, Shift, children
from tapeql.query.parts import PREFIX
from tapeql.query.rewriting import column_names


def verify(plan: Plan, after: str) -> None:
    """Raises AssertionError naming the rule after which the plan is broken."""
    known = set(ROW.get(plan.query.verb, BAR))
    lifted = after == "lift_windows"
    for step in plan.steps:
        match step:
            case QuoteMeans(measures=measures):
                known |= set(measures)
            case SessionMeasures(session=session, measures=measures):
                known |= {f"{session}.{m}" for m in measures}
            case DayMeasures(columns=columns):
                known |= {c.name for c in columns}
            case SessionFlags(sessions=sessions):
                known |= {f"in.{s}" for s in sessions}
            case TimeParts(names=names):
                known |= {f"{PREFIX}{name}" for name in names}
            case Compute(columns=columns):
                for column in columns:
                    _only_known(column.expr, known, after)
                    assert isinstance(column.expr, Shift | CallNode | Over), f"{after}: {column.name} is no window"
                    for child in children(column.expr):
                        assert not _has_window(child), f"{after}: {column.name} nests windows"
                known |= {c.name for c in columns}
            case Where(condition=condition):
                _only_known(condition, known, after)
                assert not lifted or not _has_window(condition), f"{after}: a window in WHERE"
            case Project(columns=columns):
                for column in columns:
                    _only_known(column.expr, known, after)
                    assert not lifted or not _has_window(column.expr), f"{after}: a window in {column.name}"
                known = {c.name for c in columns}
            case Sort(keys=keys):
                for key in keys:
                    _only_known(key.expr, known, after)
    once = [step for step in plan.steps if isinstance(step, Project | InRange)]
    assert len(once) == 2, f"{after}: a plan has one range and one projection"
    missing = set(plan.schema.names) - known
    assert not missing, f"{after}: the result lacks {missing}"


def _only_known(expr: Expr, known: set[str], after: str) -> None:
    unknown = column_names(expr) - known
    assert not unknown, f"{after}: unknown columns {sorted(unknown)}"


def _has_window(expr: Expr) -> bool:
    return isinstance(expr, Shift | CallNode | Over) or any(_has_window(child) for child in children(expr))
