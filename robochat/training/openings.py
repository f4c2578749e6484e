"""Lessons on speaking first: greeting, care, hazards, help, small talk, and saying nothing."""

from __future__ import annotations

from robochat.mllm.palm_e.layout import NOTHING
from robochat.persona import Example
from robochat.training import history
from robochat.training.lesson import Desk, Expected
from robochat.training.situations import CARE_MOODS
from robochat.training.wordings import wordings
from robochat.values import Event, EventKind, Person, Thing, Trigger

COMFORTS = ('teddy bear', 'cup', 'apple', 'book', 'blanket', 'pillow')
MOOD_PATTERNS = {
    'happy': r'\bhappy|cheerful|spirits|smile',
    'sad': r'\bsad\b|\bdown\b|\blow\b|unhappy',
    'angry': r'upset|annoyed|cross',
    'fear': r'worried|tense|uneasy',
    'surprise': r'surprised|astonished',
    'disgust': r'displeased|put off',
    'neutral': r'calm|relaxed',
}
DANGERS = ('knife', 'scissors', 'broken glass', 'fire')
SILENT = Expected(silent=True)


def silent_lessons(desk: Desk) -> None:
    """Openings that are not worth it: said already, asked for quiet, away, in talk, mood gone."""
    for person in desk.situation.view.people:
        for reason in _reasons_for_silence(desk, person):
            trigger, talk = reason
            topic = f'mood:{person.mood}' if trigger is Trigger.CARE else trigger.value
            desk.add(
                'silence',
                f'silent {trigger.value}',
                desk.opening(trigger, person.id, topic),
                '',
                SILENT,
                needs='text' if talk else 'state',
                goals=() if trigger is not Trigger.SMALL_TALK else None,
                talk=talk,
            )


def _reasons_for_silence(
    desk: Desk, person: Person
) -> list[tuple[Trigger, list[tuple[str, str]]]]:
    """List triggers with the talk before, for which silence is due with this person."""
    rng, told = desk.voice.rng, wordings()
    trigger = rng.choice([Trigger.GREETING, Trigger.CARE, Trigger.SMALL_TALK])
    if not open_to_talk(person):
        return [(trigger, [])]
    found: list[tuple[Trigger, list[tuple[str, str]]]] = []
    if rng.random() < 0.35:
        asked = desk.voice.asked(told['hushes'])
        found.append(
            (trigger, [(person.id, asked), ('robot', desk.voice.line(told['hushed_answers']))])
        )
    elif rng.random() < 0.3:
        hello = desk.voice.line(told['openings']['greeting']['neutral'], **slots(desk))
        found.append((Trigger.GREETING, [('robot', hello), (person.id, 'Hello.')]))
    elif person.mood not in CARE_MOODS and rng.random() < 0.5:
        found.append((Trigger.CARE, []))
    return found


def open_to_talk(person: Person) -> bool:
    """Tell whether someone can be spoken to: not in talk with others, not turned away."""
    return person.with_others < 0.35 and (person.facing or not person.mouth_active)


def slots(desk: Desk, thing: str = '') -> dict[str, str]:
    """Return what the words may speak of."""
    return history.slots(desk.situation, thing)


def mood_of(person: Person) -> str:
    """Return the sure look of a person, `neutral` where there is none to speak of."""
    sure = person.emotion is not None and person.emotion.certain
    return person.mood if sure and person.mood else 'neutral'


def looks(mood: str) -> Expected:
    """Expect words that name this look and no other."""
    others = tuple(p for name, p in MOOD_PATTERNS.items() if name not in (mood, 'neutral'))
    own = MOOD_PATTERNS[mood]
    return Expected(says=() if mood == 'neutral' else (own,), never=(*others, _NOTHING))


_NOTHING = f'^{NOTHING}$'


def greeting_lessons(desk: Desk) -> None:
    """Greet whoever can be greeted, as they look."""
    for person in desk.situation.view.people:
        if open_to_talk(person) and person.facing:
            mood = mood_of(person)
            lines = wordings()['openings']['greeting'][mood]
            examples, words, more = _convention(desk, desk.voice.line(lines, **slots(desk)))
            expected = looks(mood)
            desk.add(
                'few-shot' if more else 'mood',
                f'greet {mood}',
                desk.opening(Trigger.GREETING, person.id, 'greeting'),
                words,
                Expected((*expected.says, *more), expected.never),
                needs='state' if mood != 'neutral' else 'text',
                goals=desk.worth(('facing', person.id)),
                examples=examples,
            )


def _convention(desk: Desk, words: str) -> tuple[tuple[Example, ...], str, tuple[str, ...]]:
    """Show now and then, by example, how this robot greets; the answer follows it."""
    voice = desk.voice
    if voice.rng.random() > 0.25:
        return (), words, ()
    salute = voice.one_of(wordings()['conventions'])
    tails = ['It is nice to see you.', 'How are you today?', 'Good to have you here.']
    shown = tuple(
        Example(Trigger.GREETING, 'any', 'Someone arrives.', f'{salute}! {tail}')
        for tail in voice.rng.sample(tails, voice.rng.choice([1, 2]))
    )
    first, _, rest = words.partition('! ') if '! ' in words[:16] else words.partition('. ')
    return shown, f'{salute}! {rest or first}', (f'^{salute}',)


def care_lessons(desk: Desk) -> None:
    """Care for who looks sad, angry or afraid, with something to hold where there is one."""
    for person in desk.situation.view.people:
        mood = mood_of(person)
        if mood not in CARE_MOODS or not open_to_talk(person):
            continue
        thing = comfort(desk)
        goals = desk.worth(('has', person.id, thing.id)) if thing else []
        brings = bool(goals) and desk.situation.skilled
        lines = wordings()['openings']['comfort' if brings else 'care'][mood]
        goal = (('has', person.id, thing.id),) if brings and thing else ()
        words = desk.voice.line(lines, **slots(desk, thing.label if thing else ''))
        expected = looks(mood)
        desk.add(
            'mood',
            f'care {mood}',
            desk.opening(Trigger.CARE, person.id, f'mood:{mood}'),
            words,
            Expected(expected.says, expected.never, goal=goal),
            needs='state',
            goals=goals if brings else desk.worth(('near', person.id)),
            talk=history.talk_before(desk.situation, desk.voice, person),
        )


def comfort(desk: Desk) -> Thing | None:
    """Choose what may be brought to someone unasked: the first of COMFORTS that is in view."""
    visible = {t.label: t for t in reversed(desk.situation.view.things) if t.visible}
    return next((visible[label] for label in COMFORTS if label in visible), None)


def incident_lessons(desk: Desk) -> None:
    """Warn of what fell and may break, offer to pick up what will not, and know when to charge."""
    view, voice = desk.situation.view, desk.voice
    person = next((p for p in view.people if p.facing), None)
    if person is None:
        return
    movable = [t for t in view.things if t.label in desk.situation.table.graspable]
    if movable and voice.rng.random() < 0.5:
        _fall(desk, person, voice.rng.choice(movable))
    if voice.rng.random() < 0.15:
        _danger(desk, person)
    if view.robot.battery is not None and view.robot.battery < 0.3:
        desk.add(
            'help',
            'battery',
            desk.opening(Trigger.HELP, person.id, 'battery'),
            voice.line(wordings()['openings']['battery']['any']),
            Expected(says=('batter|charg',), goal=(('near', desk.situation.dock),)),
            goals=desk.worth(('near', desk.situation.dock)),
            talk=history.talk_before(desk.situation, desk.voice, person),
        )
    _small_talk(desk, person)


def _fall(desk: Desk, person: Person, thing: Thing) -> None:
    """Something fell: breakable things are a hazard, others a reason to help."""
    breaks = thing.label in wordings()['falls']['breaks']
    trigger = Trigger.HAZARD if breaks else Trigger.HELP
    event = Event(EventKind.OBJECT_FELL, thing.id, desk.situation.view.now_sec - 1, thing.label)
    words = desk.voice.line(
        wordings()['openings'][trigger.value]['any'], **slots(desk, thing.label)
    )
    wanted = ('facing' if breaks else 'holding', thing.id)
    goals = desk.worth(wanted)
    desk.add(
        'help',
        f'{trigger.value} fall',
        desk.opening(trigger, person.id, f'{trigger.value}:{thing.id}'),
        words,
        Expected(says=(thing.label,), never=(_NOTHING,), goal=(wanted,) if goals else ()),
        goals=goals,
        talk=history.talk_before(desk.situation, desk.voice, person),
        events=(event,),
    )


def _danger(desk: Desk, person: Person) -> None:
    """Another node reports a danger by name."""
    what = desk.voice.rng.choice(DANGERS)
    event = Event(EventKind.HAZARD, what, desk.situation.view.now_sec - 1, what)
    desk.add(
        'help',
        'hazard',
        desk.opening(Trigger.HAZARD, person.id, f'hazard:{what}'),
        desk.voice.line(wordings()['openings']['danger']['any'], thing=what),
        Expected(says=(what,)),
        goals=(),
        events=(event,),
    )


def _small_talk(desk: Desk, person: Person) -> None:
    """Break a friendly silence."""
    mood = mood_of(person)
    if (
        not open_to_talk(person)
        or mood not in ('happy', 'neutral')
        or desk.voice.rng.random() < 0.5
    ):
        return
    seen = [t.label for t in desk.situation.view.things if t.visible]
    told = wordings()['openings']['small_talk']
    about = bool(seen) and mood == 'neutral' and desk.voice.rng.random() < 0.6
    words = desk.voice.line(
        told['thing' if about else mood],
        **slots(desk, desk.voice.rng.choice(seen) if about else ''),
    )
    desk.add(
        'mood',
        f'talk {mood}',
        desk.opening(Trigger.SMALL_TALK, person.id, 'small_talk'),
        words,
        looks(mood),
        needs='state' if mood != 'neutral' else 'text',
        talk=history.talk_before(desk.situation, desk.voice, person),
    )
