"""Works every function out until nothing new is learned of any.

A function that is called before it was worked out is worked out then and there, so that most are
done once; those of a knot (recursion, attributes set by others) come again when what they read
grew.
"""

from collections import defaultdict

from compliance.pii.source_check.files import Unreadable
from compliance.pii.source_check.flow import work_out
from compliance.pii.source_check.frame import Leak, TooComplexError
from compliance.pii.source_check.world import World

# Knowledge grows by few steps; what still changes then only lengthens the ways.
_VISITS_MAX = 12
# Each level takes some 50 of Python's 1,000 stack frames; deeper calls wait for their turn.
_DEPTH_MAX = 4


class Fixpoint:
    """One computation over a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._visits: defaultdict[str, int] = defaultdict(int)
        self._working: set[str] = set()
        self.leaks: dict[str, list[Leak]] = {}  # by function
        self.unreadable: dict[str, Unreadable] = {}  # by function

    def run(self) -> None:
        """Until nothing is stale."""
        stale = self._world.stale
        self._world.ask = self._ask
        stale.update(dict.fromkeys(self._world.program.functions))
        while stale:
            qualname = next(iter(stale))
            del stale[qualname]
            self._work(qualname)

    def _ask(self, qualname: str) -> None:
        """A summary is wanted that is not there yet."""
        is_due = qualname in self._world.stale and not self._visits[qualname]
        if is_due and qualname not in self._working and len(self._working) < _DEPTH_MAX:
            del self._world.stale[qualname]
            self._work(qualname)

    def _work(self, qualname: str) -> None:
        self._visits[qualname] += 1
        if self._visits[qualname] > _VISITS_MAX or qualname in self.unreadable:
            return
        function = self._world.program.functions[qualname]
        is_asked = bool(self._working)
        self._working.add(qualname)
        try:
            frame = work_out(function, self._world)
        except (RecursionError, TooComplexError) as error:
            if is_asked and isinstance(error, RecursionError):
                self._world.stale[qualname] = None  # perhaps it was not its own depth
                return
            why = "too complex" if isinstance(error, TooComplexError) else "nested too deep"
            line = function.node.lineno if function.node else 1
            what = f"line {line}: {function.name}: {why} to follow"
            self.unreadable[qualname] = Unreadable(function.module.path, what)
            return
        finally:
            self._working.discard(qualname)
        self.leaks[qualname] = list(frame.leaks.values())
        self._world.learn_summary(qualname, frame.summary)
