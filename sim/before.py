"""What was different a few seconds ago: older states for pairs of random pictures.

Flow: the newest state and what its picture shows -> `earlier(...)` undoes one event -> `holds`
checks on the older picture that the event can be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import math

from .casting import Seat
from .labels import Sight
from .render import AWAY_M
from .seen import Change
from .staging import hidden, in_view, Stage
from .state import PersonState, SimState, ThingState
from .view import thing_box

MOVED_LEAST_M = 0.6
SEAT_NEAR_M = 2.5
SPOT_TRIES = 20
NEARER_M = 0.35
ASIDE_RAD = 0.1


@dataclass(frozen=True)
class Earlier:
    """An older state, the event since then, and the id of who or what it befell."""

    state: SimState
    kind: str
    target: str
    detail: str = ''


def earlier(kind: str, stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Return a state before an event of one kind; None where the event isn't possible.

    Raises ValueError for an unknown kind.
    """
    makers = {
        'person_came': _came,
        'person_left': _left,
        'person_moved': _moved,
        'sat_down': _sat,
        'stood_up': _stood,
        'mood_turned': _turned,
        'thing_gone': _gone,
        'thing_new': _new,
        'thing_moved': _thing_moved,
        'nothing': _nothing,
    }
    if kind not in makers:
        raise ValueError(f'change {kind!r} is unknown: choose from {", ".join(makers)}')
    return makers[kind](stage, state, sight)


def holds(event: Earlier, now: Sight, before: Sight) -> Change | None:
    """Return the change if both pictures show it, and nothing else came or went; else None."""
    people = set(now.person_ids) ^ set(before.person_ids)
    things = set(now.thing_ids) ^ set(before.thing_ids)
    comes = event.kind in ('person_came', 'person_left')
    if people != ({event.target} if comes else set()):
        return None
    appears = event.kind in ('thing_gone', 'thing_new')
    # Who comes, goes or moves may hide or show things.
    moves = event.kind.startswith(('person', 'sat', 'stood'))
    if not moves and things != ({event.target} if appears else set()):
        return None
    if event.kind == 'nothing':
        return Change('nothing', '', '')
    return _change(event, now, before)


def _change(event: Earlier, now: Sight, before: Sight) -> Change | None:
    """Name who or what changed; None where one of the pictures doesn't show it."""
    if event.kind == 'person_left':
        return Change(event.kind, -1, event.target)
    if event.kind.startswith('thing'):
        return _thing_change(event, now, before)
    if event.target not in now.person_ids:
        return None
    detail = event.detail
    if event.kind == 'person_moved':
        detail = _way(now, before, event.target)
        if not detail:
            return None
    if event.kind == 'mood_turned' and not _both_faces(now, before, event.target):
        return None
    return Change(event.kind, now.person_ids.index(event.target), detail)


def _thing_change(event: Earlier, now: Sight, before: Sight) -> Change | None:
    """Name what became of a thing, and what it stands or stood on."""
    sights = {'thing_gone': (before,), 'thing_new': (now,)}.get(event.kind, (before, now))
    if any(event.target not in s.thing_ids for s in sights):
        return None
    found = [s.things[s.thing_ids.index(event.target)] for s in sights]
    return Change(event.kind, found[-1].label, '>'.join(t.on for t in found))


def _both_faces(now: Sight, before: Sight, target: str) -> bool:
    """Tell whether a face can be seen in both pictures."""
    sights = [s for s in (now, before) if target in s.person_ids]
    return all(s.people[s.person_ids.index(target)].box[2] > 0 for s in sights)


def _way(now: Sight, before: Sight, target: str) -> str:
    """Say how somebody moved as the camera sees it, '' where it is hardly to be seen."""
    new = now.people[now.person_ids.index(target)]
    old = before.people[before.person_ids.index(target)]
    ahead, aside = new.distance_m - old.distance_m, new.bearing_rad - old.bearing_rad
    if abs(aside) * new.distance_m >= abs(ahead) and abs(aside) >= ASIDE_RAD:
        return 'left' if aside > 0 else 'right'
    if abs(ahead) >= NEARER_M:
        return 'farther' if ahead > 0 else 'nearer'
    return ''


# --------------------------------------------------------------------------- people
def _with_person(state: SimState, person: PersonState) -> SimState:
    """Return the state with one person changed."""
    return replace(state, people=tuple(person if p.id == person.id else p for p in state.people))


def _shown(stage: Stage, state: SimState, sight: Sight) -> Iterator[PersonState]:
    """Yield the visible people in random order."""
    for name in stage.rng.permutation(list(sight.person_ids)):
        person = state.person(str(name))
        if person is not None:
            yield person


def _others(state: SimState, person: PersonState) -> tuple[PersonState, ...]:
    """Return everybody else."""
    return tuple(p for p in state.people if p.id != person.id)


def _came(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Take away somebody who is there now."""
    for person in _shown(stage, state, sight):
        older = _with_person(state, replace(person, present=False))
        return Earlier(older, 'person_came', person.id, person.body)
    return None


def _left(stage: Stage, state: SimState, _: Sight) -> Earlier | None:
    """Add somebody who isn't there now."""
    gone = [p for p in state.people if not p.present]
    if not gone:
        return None
    somebody = gone[int(stage.rng.integers(len(gone)))]
    person = stage.person(somebody.body, state.robot, _others(state, somebody), state.things)
    if person is None:
        return None
    return Earlier(_with_person(state, person), 'person_left', person.id, person.body)


def _moved(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Put somebody who stands to another place."""
    for person in _shown(stage, state, sight):
        if person.pose.seated > 0:
            continue
        other = stage.person(person.body, state.robot, _others(state, person), state.things, False)
        if other and math.hypot(other.x - person.x, other.y - person.y) >= MOVED_LEAST_M:
            other = replace(other, units=person.units, mood=person.mood)
            return Earlier(_with_person(state, other), 'person_moved', person.id)
    return None


def _sat(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Let somebody who sits stand before the seat."""
    for person in _shown(stage, state, sight):
        if person.pose.seated > 0:
            spot = _beside(stage, person)
            if spot:
                other = stage.cast.stand(person.body, *spot, state.robot)
                other = replace(other, units=person.units, mood=person.mood)
                return Earlier(_with_person(state, other), 'sat_down', person.id)
    return None


def _beside(stage: Stage, person: PersonState) -> tuple[float, float] | None:
    """Return a free spot before a seat or a step aside."""
    c, s = math.cos(person.heading_rad), math.sin(person.heading_rad)
    for _ in range(SPOT_TRIES):
        ahead, left = stage.rng.uniform(-0.1, 0.6), stage.rng.uniform(-0.6, 0.6)
        spot = person.x + c * ahead - s * left, person.y + s * ahead + c * left
        if stage.free(*spot):
            return spot
    return None


def _stood(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Let somebody who stands sit on a seat that is near."""
    for person in _shown(stage, state, sight):
        if person.pose.seated > 0:
            continue
        seats = [s for s in stage.seats(state.things) if _reachable(s, person, state)]
        if seats:
            seat = seats[int(stage.rng.integers(len(seats)))]
            other = stage.cast.seat(person.body, seat, state.robot)
            other = replace(other, units=person.units, mood=person.mood)
            return Earlier(_with_person(state, other), 'stood_up', person.id)
    return None


def _reachable(seat: Seat, person: PersonState, state: SimState) -> bool:
    """Tell whether a seat is near somebody and nobody sits on it."""
    free = all(
        math.hypot(seat.x - p.x, seat.y - p.y) > 0.5
        for p in state.people
        if p.present and p.id != person.id
    )
    near = math.hypot(seat.x - person.x, seat.y - person.y) < SEAT_NEAR_M
    return free and near and in_view(state.robot, seat.x, seat.y)


def _turned(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Give somebody whose face can be seen another mood."""
    for person in _shown(stage, state, sight):
        if sight.people[sight.person_ids.index(person.id)].box[2] > 0:
            other = stage.cast.turned_mood(person)
            return Earlier(_with_person(state, other), 'mood_turned', person.id, other.mood)
    return None


# --------------------------------------------------------------------------- things
def _with_thing(state: SimState, thing: ThingState) -> SimState:
    """Return the state with one thing changed."""
    return replace(state, things=tuple(thing if t.id == thing.id else t for t in state.things))


def _placed(stage: Stage, state: SimState, thing_id: str) -> ThingState | None:
    """Return a thing at another place in the picture."""
    thing = next(t for t in stage.home.scene.things if t.id == thing_id)
    for _ in range(SPOT_TRIES):
        found = stage.placed(thing, state.things, state.people)
        if found and thing_box(state.robot, found, thing.model):
            return found
    return None


def _seen_movable(stage: Stage, sight: Sight) -> str:
    """Return the id of a visible movable thing, '' without any."""
    movable = {t.id for t in stage.home.scene.things}
    found = [i for i in sight.thing_ids if i in movable]
    return found[int(stage.rng.integers(len(found)))] if found else ''


def _gone(stage: Stage, state: SimState, _: Sight) -> Earlier | None:
    """Add a thing that is nowhere now."""
    away = [t.id for t in state.things if t.z <= AWAY_M]
    if not away:
        return None
    target = away[int(stage.rng.integers(len(away)))]
    found = _placed(stage, state, target)
    return Earlier(_with_thing(state, found), 'thing_gone', target) if found else None


def _new(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Take away a thing that can be seen now."""
    target = _seen_movable(stage, sight)
    if not target:
        return None
    thing = next(t for t in stage.home.scene.things if t.id == target)
    return Earlier(_with_thing(state, hidden(thing)), 'thing_new', target)


def _thing_moved(stage: Stage, state: SimState, sight: Sight) -> Earlier | None:
    """Put a thing that can be seen now to another place."""
    target = _seen_movable(stage, sight)
    now = state.thing(target)
    found = _placed(stage, state, target) if target else None
    if now is None or found is None or math.hypot(found.x - now.x, found.y - now.y) < 0.25:
        return None
    return Earlier(_with_thing(state, found), 'thing_moved', target)


def _nothing(stage: Stage, state: SimState, _: Sight) -> Earlier | None:
    """Let people sway a little."""
    sway = stage.rng.normal(0.0, 0.02, 2 * len(state.people))
    people = tuple(
        replace(
            p,
            pose=replace(
                p.pose,
                head_yaw_rad=p.pose.head_yaw_rad + float(sway[2 * n]),
                head_pitch_rad=p.pose.head_pitch_rad + float(sway[2 * n + 1]),
            ),
        )
        for n, p in enumerate(state.people)
    )
    return Earlier(replace(state, people=people), 'nothing', '')
