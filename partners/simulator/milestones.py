"""What any partner does when it is asked for milestones."""

from partners.simulator import durations
from partners.simulator.story import CommandStory


def reach_milestones(story: CommandStory) -> None:
    """One after the other, in the order in which they were asked for."""
    for milestone in story.details["milestones"]:
        story.takes(durations.MILESTONE)
        story.says("milestone.reached", story.coi, milestone=milestone, reference=story.number("MS"))
