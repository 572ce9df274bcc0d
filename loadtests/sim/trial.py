"""One seed tried: what its emails came to, and whether that may be."""

from dataclasses import dataclass

from loadtests.sim.plan import Plan
from loadtests.sim.sets import Sets, sets_of
from loadtests.sim.world import REFERENCE, Story, Twin, simulate
from scenarios.arrivals import Person


@dataclass(frozen=True)
class Trial:
    """A simulation and its sets."""

    story: Story
    sets: Sets

    @property
    def doubts(self) -> list[str]:
        """Why it cannot be called clean, though no email is an offence."""
        undrained = [] if self.story.drained else ["the queue was not seen to drain"]
        return [*self.story.problems, *undrained]

    @property
    def offending(self) -> tuple[str, str] | None:
        """The set and the key of one offence: the first by name, which is the same each time.

        What the queue still holds may only be late, so nothing is lost before it has drained.
        """
        for name, keys in self.sets.offences().items():
            if name != "lost" or self.story.drained:
                return name, min(keys)
        return None


def try_plan(plan: Plan, people: list[Person], twin: Twin = REFERENCE) -> Trial:
    """Raises SimulationError."""
    story = simulate(plan, people, twin)
    return Trial(story, sets_of(story))
