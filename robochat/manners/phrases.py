"""What people of sampled timelines say: to the robot, to be left alone, to each other."""

from __future__ import annotations

TO_ROBOT = (
    'Hello robot.',
    'What is the time?',
    'Can you bring me the cup, please?',
    'How are you doing today?',
    'I am back from work.',
    'Tell me something nice.',
)
HUSHES = ('Not now, please.', 'Leave me alone.', "I'm busy.")
SMALL = (
    'Did you see the match?',
    'I will call her tomorrow.',
    'That was a long meeting today.',
    'We should leave at six.',
    'No, the other one is better.',
)
