"""A scene for the page's tests: one message of each kind, as the watching node notes them."""

from __future__ import annotations

import numpy as np
from robochat.view.board import Board
from robochat.view.pictures import jpeg_of, Pictures

START_SEC = 1_790_000_000.0
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def board_with_a_scene(hostile: str = '') -> Board:
    """A board on which something of every kind was noted; `hostile` replaces people's words."""
    board = Board()
    for kind, seconds, fields in _messages(hostile):
        board.note(kind, fields, START_SEC + seconds)
    return board


def pictures_with_one() -> Pictures:
    """A picture of 640 x 480 pixels, shown already."""
    pictures = Pictures()
    down, across = np.mgrid[0:480, 0:640]
    rgb = np.stack([down // 3 + 40, across // 5 + 60, 150 + 0 * down], axis=-1).astype(np.uint8)
    pictures.show(jpeg_of(rgb, 640, 75))
    return pictures


def decision(speak: bool, reason: str, **fields: object) -> dict[str, object]:
    """A decision's fields."""
    silent: dict[str, object] = {
        'speak': speak,
        'addressee': 'person_1' if speak else '',
        'trigger': 'care' if speak else 'none',
        'reason': reason,
        'score': 0.87 if speak else 0.0,
        'evidence': ['looks sad (0.87), for 1.6 s', 'faces the robot for 2.2 s', '1.1 m away'],
        'features': [],
        'feature_values': [],
        'weights': [],
    }
    return {**silent, **fields}


def face(person: str = 'person_1', **fields: object) -> dict[str, object]:
    """A face's fields."""
    seen: dict[str, object] = {
        'person': person,
        'box': [300.0, 120.0, 90.0, 110.0],
        'label': 'sad',
        'score': 0.87,
        'certain': True,
        'yaw': 0.3,
        'pitch': -0.1,
        'facing': False,
        'distance': 1.1,
        'mouth_active': False,
    }
    return {**seen, **fields}


def world(*people: dict[str, object]) -> dict[str, object]:
    """The world's fields."""
    robot = {'place': 'living_room', 'holding': 'cup_1', 'battery': 0.8, 'speaking': False}
    things = [{'id': 'cup_1', 'label': 'cup', 'score': 0.6, 'relations': ['on dining table_1']}]
    return {
        'people': list(people),
        'objects': things,
        'place': 'living room',
        'place_score': 0.7,
        'robot': robot,
    }


def person(name: str = '') -> dict[str, object]:
    """A person's fields."""
    return {
        'id': 'person_1',
        'name': name,
        'visible': True,
        'distance_m': 1.1,
        'approach_mps': 0.2,
        'facing': True,
        'facing_sec': 2.2,
        'mouth_active': False,
        'mood': 'sad',
        'mood_certain': True,
        'mood_sec': 1.6,
        'with_others': 0.0,
        'engagement': 0.91,
        'engagement_state': 3,
        'eyes_closed': False,
        'on_phone': False,
    }


def plan(name: str = 'turn_1_plan') -> dict[str, object]:
    """A plan's fields."""
    calls = (('navigate_to', 'cup_1'), ('pick', 'cup_1'), ('hand_over', 'cup_1'))
    steps = [
        {'id': f's{n}', 'skill': skill, 'arguments': [{'key': 'x', 'value': value}]}
        for n, (skill, value) in enumerate(calls)
    ]
    return {
        'id': name,
        'version': 1,
        'goal': 'cheer person_1 up',
        'steps': steps,
        'status': 1,
        'refusal': '',
    }


def diagnostics() -> dict[str, object]:
    """Diagnostics of the node and of two stages."""
    values = {'rate (Hz)': '9.80', 'latency p50 (ms)': '31.20', 'latency p99 (ms)': '60.10'}
    stages = [
        {'stage': 'node', 'level': 0, 'message': '', 'values': {'model': 'smollm2'}},
        {'stage': 'see', 'level': 0, 'message': '', 'values': {**values, 'runs': '90'}},
        {
            'stage': 'look',
            'level': 1,
            'message': 'late',
            'values': {**values, 'runs': '9', 'dropped: stale': '3'},
        },
    ]
    return {'stages': stages}


def _messages(hostile: str) -> list[tuple[str, float, dict[str, object]]]:
    weighed = {
        'features': ['value', 'engagement', 'crowd'],
        'feature_values': [0.87, 0.91, -0.5],
        'weights': [2.0, 1.5, 1.2],
    }
    said = {
        'id': 'turn_1',
        'text': hostile or 'You look a bit down. Can I help?',
        'addressee': 'person_1',
        'reason': 'looks sad and it stayed',
    }
    turn = {
        'model': 'smollm2',
        'seconds': 0.9,
        'first_text_sec': 0.4,
        'tokens_out': 17,
        'fallback': '',
    }
    return [
        ('decision', 0, decision(False, hostile or 'nobody is in view')),
        ('decision', 5, decision(True, 'looks sad and it stayed', **weighed)),
        ('utterance', 6, said),
        ('speech', 9, {'text': hostile or 'It was a long day.'}),
        ('refusal', 10, {'what': 'plan', 'reason': hostile or 'there is no moon'}),
        ('plan', 10, plan()),
        ('plan_status', 11, {'plan_id': 'turn_1_plan', 'status': 1, 'step_id': 's1'}),
        ('world', 11, world(person(hostile))),
        ('emotions', 11, {'width': 640, 'height': 480, 'emotions': [face()]}),
        ('scene', 11, {'width': 640, 'height': 480, 'objects': []}),
        ('turn', 11, turn),
        ('diagnostics', 11, diagnostics()),
    ]
