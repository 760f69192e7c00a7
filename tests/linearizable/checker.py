"""Whether a history of operations on one object is linearizable.

Owns the search: Wing and Gong (1993) with the memory of Lowe (2017), as in Porcupine. An operation takes
effect at one moment between its call and its answer; one that got no answer does so at any moment after its
call, or never. Knows objects by their `Step` alone and does no I/O. Takes time exponential in the number of
operations that run at once, not in that of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

State = Hashable


@dataclass(frozen=True, slots=True)
class Operation:
    """`called` and `answered`: moments of one steady clock; infinity: no answer came. `kind` and `value` say
    what was asked, `told` what was answered; `by` is for people."""

    called: float
    answered: float
    kind: str
    value: Any = None
    told: Any = None
    by: str = ""


Step = Callable[[State, Operation], State | None]
"""The state after an operation, None where it cannot have been answered so in this state."""


def register(state: State, operation: Operation) -> State | None:
    """An object that holds the value written last; 0 before."""
    if operation.kind == "write":
        written: State = operation.value
        return written
    return state if operation.told == state else None


def sequence(state: State, operation: Operation) -> State | None:
    """An object that holds everything that was appended, in order; () before."""
    assert isinstance(state, tuple)
    if operation.kind == "append":
        return (*state, operation.value)
    return state if tuple(operation.told) == state else None


class _Entry:
    """A call (`answer` is its answer) or an answer (`answer` is None), in a list of both by time."""

    __slots__ = ("after", "answer", "before", "number")

    def __init__(self, number: int, answer: _Entry | None) -> None:
        self.number = number
        self.answer = answer
        self.before: _Entry = self
        self.after: _Entry | None = None

    def lift(self) -> None:
        """Take a call and its answer out."""
        assert self.answer is not None
        for entry in (self, self.answer):
            entry.before.after = entry.after
            if entry.after is not None:
                entry.after.before = entry.before

    def unlift(self) -> None:
        """Put them back where they were."""
        assert self.answer is not None
        for entry in (self.answer, self):
            entry.before.after = entry
            if entry.after is not None:
                entry.after.before = entry


def is_linearizable(history: Sequence[Operation], step: Step, initial: State) -> bool:
    """Whether one order of the operations explains all answers. Leave out reads that got none."""
    head = _entries(history)
    state, done = initial, 0
    seen: set[tuple[int, State]] = set()
    taken: list[tuple[_Entry, State]] = []
    entry = head.after
    while head.after is not None:
        assert entry is not None, "every call has an answer, which stops the walk"
        if entry.answer is not None:
            after = step(state, history[entry.number])
            chosen = done | 1 << entry.number
            if after is not None and (chosen, after) not in seen:
                seen.add((chosen, after))
                taken.append((entry, state))
                state, done = after, chosen
                entry.lift()
                entry = head.after
            else:
                entry = entry.after
        else:
            if not taken:
                return False
            entry, state = taken.pop()
            done &= ~(1 << entry.number)
            entry.unlift()
            entry = entry.after
    return True


def _entries(history: Sequence[Operation]) -> _Entry:
    """The list of calls and answers, behind a head that is neither; a call before an answer of its moment."""
    marks: list[tuple[float, int, int, _Entry]] = []
    for number, operation in enumerate(history):
        assert operation.called <= operation.answered, operation
        answer = _Entry(number, None)
        marks.append((operation.called, 0, number, _Entry(number, answer)))
        marks.append((operation.answered, 1, number, answer))
    head = last = _Entry(-1, None)
    for *_, entry in sorted(marks, key=lambda mark: mark[:3]):
        last.after, entry.before = entry, last
        last = entry
    return head


def narrowed(history: Sequence[Operation]) -> list[Operation]:
    """The same history for the search, made short: where each write has a value of its own, one that got no
    answer was done before the first read that shows its value was answered. Where none does, nobody can tell
    whether it was done, and it is left out.
    """
    shown: dict[Any, float] = {}
    for each in history:
        if each.kind == "read":
            for value in each.told if isinstance(each.told, Sequence) else (each.told,):
                shown[value] = min(shown.get(value, math.inf), each.answered)
    found = []
    for each in history:
        if each.answered < math.inf:
            found.append(each)
        elif (until := shown.get(each.value)) is not None:
            found.append(replace(each, answered=max(each.called, until)))
    return found
