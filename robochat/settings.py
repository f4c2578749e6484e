"""Every setting, declared once: default, text, unit, range.

The ROS parameters, `config/robochat.yaml` and the reference page are made from these classes by
`robochat.config`. A parameter's name is `group.field`, such as `engagement.cooldown_person_sec`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def setting(  # noqa: PLR0913  one keyword for each thing that is known of a setting
    default: Any,
    text: str,
    *,
    unit: str = '',
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    live: bool = False,
) -> Any:
    """Declare a setting; `live` ones may change while the node runs."""
    meta = {'text': text, 'unit': unit, 'low': low, 'high': high, 'choices': choices, 'live': live}
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class CameraSettings:
    """The camera as robochat sees it."""

    hfov_deg: float = setting(
        65.0, 'Horizontal field of view of the camera', unit='deg', low=10.0, high=170.0
    )
    compressed: bool = setting(False, 'Subscribe to image/compressed instead of image')
    max_pixels: int = setting(
        16_000_000,
        'Larger pictures are dropped and counted',
        unit='px',
        low=4096,
        high=200_000_000,
    )
    stale_sec: float = setting(
        2.0,
        'Without a picture for this long the camera counts as silent',
        unit='s',
        low=0.1,
        high=60.0,
    )


@dataclass(frozen=True)
class PerceptionSettings:
    """Faces, expressions, objects."""

    enabled: bool = setting(
        True, 'Look at pictures; false leaves seeing to the emotions and scene topics'
    )
    rate_hz: float = setting(
        10.0,
        'Most faces-and-emotions passes in a second',
        unit='Hz',
        low=0.5,
        high=60.0,
        live=True,
    )
    objects_hz: float = setting(
        1.5, 'Object passes in a second; 0 turns them off', unit='Hz', low=0.0, high=10.0
    )
    threads: int = setting(1, 'Threads of each network', low=1, high=16)
    min_face_px: float = setting(20.0, 'Smaller faces are ignored', unit='px', low=8.0, high=400.0)
    face_score: float = setting(0.6, 'Least score of a face', low=0.05, high=1.0)
    object_score: float = setting(0.4, 'Least score of an object', low=0.05, high=1.0)
    facing_yaw_deg: float = setting(
        20.0,
        'A head turned less than this from the camera faces the robot',
        unit='deg',
        low=5.0,
        high=60.0,
    )
    facing_pitch_deg: float = setting(
        22.0,
        'A head nodded less than this from the camera faces the robot',
        unit='deg',
        low=5.0,
        high=60.0,
    )
    emotion_yaw_deg: float = setting(
        30.0, 'Expressions of heads turned further are not read', unit='deg', low=5.0, high=90.0
    )
    emotion_pitch_deg: float = setting(
        28.0, 'Expressions of heads nodded further are not read', unit='deg', low=5.0, high=90.0
    )
    emotion_smoothing_sec: float = setting(
        1.2, 'Time constant over which expressions are averaged', unit='s', low=0.1, high=10.0
    )
    emotion_certain: float = setting(
        0.6, 'Below this smoothed score an expression is uncertain', low=0.2, high=1.0
    )
    track_lost_sec: float = setting(
        2.0,
        'A track unseen for longer gets a new id when it returns',
        unit='s',
        low=0.2,
        high=30.0,
    )
    recall_sec: float = setting(
        300.0,
        'Someone who was away for less is known again by the colours they wear; 0 knows nobody',
        unit='s',
        low=0.0,
        high=3600.0,
    )


@dataclass(frozen=True)
class WorldSettings:
    """What is remembered of people and things."""

    emotions: str = setting(
        'merge',
        'Estimates from the emotions topic: use instead of, or beside, our own',
        choices=('merge', 'replace', 'ignore'),
    )
    scene: str = setting(
        'merge',
        'Estimates from the scene topic: use instead of, or beside, our own',
        choices=('merge', 'replace', 'ignore'),
    )
    person_left_sec: float = setting(
        2.5, 'A person unseen for this long has left', unit='s', low=0.5, high=60.0
    )
    forget_person_sec: float = setting(
        300.0,
        'What was said to a person that left is forgotten after',
        unit='s',
        low=10.0,
        high=86400.0,
    )
    thing_gone_sec: float = setting(
        6.0, 'A thing unseen for this long has vanished', unit='s', low=1.0, high=600.0
    )
    mood_dwell_sec: float = setting(
        1.5, 'A certain expression must last this long to be a mood', unit='s', low=0.2, high=30.0
    )
    arrival_quiet_sec: float = setting(
        1.0, 'Someone must be seen for this long to have arrived', unit='s', low=0.0, high=10.0
    )
    silence_sec: float = setting(
        45.0, 'This long without a word is a silence', unit='s', low=5.0, high=3600.0
    )


@dataclass(frozen=True)
class EngagementSettings:
    """When to speak."""

    rate_hz: float = setting(10.0, 'Decisions in a second', unit='Hz', low=1.0, high=50.0)
    proactive: bool = setting(True, 'Speak first; false only answers', live=True)
    do_not_disturb: bool = setting(False, 'Only hazards are spoken of', live=True)
    quiet_from_hour: float = setting(
        22.0, 'Quiet hours begin (local time)', unit='h', low=0.0, high=24.0, live=True
    )
    quiet_to_hour: float = setting(
        7.0,
        'Quiet hours end; equal to the beginning means none',
        unit='h',
        low=0.0,
        high=24.0,
        live=True,
    )
    greet_distance_m: float = setting(
        2.6, 'People further away are not greeted', unit='m', low=0.3, high=10.0, live=True
    )
    facing_dwell_sec: float = setting(
        0.8,
        'So long must someone face the robot to be greeted; less where they plainly come to it',
        unit='s',
        low=0.1,
        high=10.0,
        live=True,
    )
    mood_dwell_sec: float = setting(
        1.5,
        'A mood must have stayed this long to be spoken of',
        unit='s',
        low=0.5,
        high=60.0,
        live=True,
    )
    cooldown_person_sec: float = setting(
        15.0,
        'Least time between two openings to one person',
        unit='s',
        low=0.0,
        high=3600.0,
        live=True,
    )
    cooldown_topic_sec: float = setting(
        120.0,
        'Least time between two openings on one topic to one person',
        unit='s',
        low=0.0,
        high=86400.0,
        live=True,
    )
    greeted_sec: float = setting(
        1800.0,
        'A greeted person is not greeted again for',
        unit='s',
        low=0.0,
        high=604800.0,
        live=True,
    )
    not_now_sec: float = setting(
        900.0, 'Silence after someone said "not now"', unit='s', low=0.0, high=86400.0, live=True
    )
    small_talk_sec: float = setting(
        60.0,
        'Companionable silence before small talk; 0 never talks small',
        unit='s',
        low=0.0,
        high=86400.0,
        live=True,
    )
    threshold: float = setting(
        0.5, 'Least score at which the robot speaks', low=0.0, high=1.0, live=True
    )
    decision_topic_sec: float = setting(
        1.0, 'An unchanged silence is published this often', unit='s', low=0.1, high=60.0
    )
    local_time: str = setting(
        '', 'Pretend that it was this time of day at start, as HH:MM; empty uses the clock'
    )


@dataclass(frozen=True)
class DialogueSettings:
    """What is said and remembered of a conversation."""

    persona: str = setting('companion', 'Name of a file in config/personas, or the path of one')
    language: str = setting('en', 'Language of the utterances', choices=('en',))
    history: int = setting(6, 'Lines of the conversation given to the model', low=0, high=50)
    max_words: int = setting(28, 'Longest utterance', unit='words', low=3, high=100)


@dataclass(frozen=True)
class ModelSettings:
    """The language model."""

    backend: str = setting(
        'palm_e', 'Which model speaks: a built-in name or an entry point in robochat.mllms'
    )
    path: str = setting('', 'Folder or file of the model; empty uses the packaged one')
    runtime: str = setting(
        'llama', 'What runs the palm_e model: llama.cpp or torch', choices=('llama', 'torch')
    )
    examples: int = setting(
        0, "How many of the persona's examples the palm_e model is shown", low=0, high=4
    )
    threads: int = setting(
        1,
        'Threads of the embedded model; more only pay where as many cores are idle',
        low=1,
        high=64,
    )
    context_tokens: int = setting(
        2048, 'Longest prompt and answer together', unit='tokens', low=512, high=131072
    )
    deadline_sec: float = setting(
        6.0,
        'After this long a phrase of the persona is said instead',
        unit='s',
        low=0.2,
        high=300.0,
    )
    temperature: float = setting(
        0.0, 'Randomness of the words; 0 always takes the likeliest', low=0.0, high=2.0
    )
    seed: int = setting(7, 'Seed of that randomness', low=0, high=2**31 - 1)
    warm_up: bool = setting(True, 'Read the fixed part of the prompt once at start')
    url: str = setting(
        '', 'Address of the OpenAI-compatible server of the endpoint backend, such as .../v1'
    )
    served_name: str = setting('', 'Name of the model on that server; empty takes its first one')
    send_images: bool = setting(False, 'Let pictures of people leave for that server')


@dataclass(frozen=True)
class PlanSettings:
    """Plans and their execution."""

    skills: str = setting('home', 'Name of a file in config/skills, or the path of one')
    max_steps: int = setting(6, 'Longest plan', unit='steps', low=1, high=50)
    execute: bool = setting(
        False,
        'Run accepted plans through the mapping in the skill file; false only publishes them',
        live=True,
    )
    repairs: int = setting(1, 'How often a failed plan may be replaced', low=0, high=10)


@dataclass(frozen=True)
class SafetySettings:
    """What may be said."""

    max_chars: int = setting(240, 'Longest utterance', unit='characters', low=20, high=2000)
    max_speech_chars: int = setting(
        1000,
        'Longer speech is cut before anything reads it',
        unit='characters',
        low=50,
        high=100000,
    )
    log_content: bool = setting(
        False, 'Write words and emotions of people to the log (debug level only)', live=True
    )


@dataclass(frozen=True)
class MemorySettings:
    """What is remembered of people beyond the moment; never their faces."""

    enabled: bool = setting(
        True,
        'Remember people who gave a name, or whose id another node supplies; false forgets '
        'everybody at the end',
    )
    file: str = setting('', 'Where; empty uses ~/.local/share/robochat/people.sqlite')
    key_file: str = setting(
        '', 'File with the key that seals it (12 characters or more); empty leaves it readable'
    )
    retention_days: float = setting(
        90.0, 'Who was not seen for longer is forgotten', unit='days', low=1.0, high=3650.0
    )
    transient_ids: str = setting(
        'person_, face_, body_, voice_, anonymous',
        'Ids that begin with one of these mean somebody else tomorrow, and are not remembered',
    )


@dataclass(frozen=True)
class LearningSettings:
    """What is learned from how people take what the robot says."""

    journal: bool = setting(
        True, 'Write down how each opening was taken: in numbers, without words, names or ids'
    )
    journal_file: str = setting(
        '', 'That journal; empty uses ~/.local/share/robochat/outcomes.jsonl'
    )
    journal_mb: float = setting(
        8.0, 'Most that all its files take; the oldest go first', unit='MB', low=0.1, high=1000.0
    )
    model_file: str = setting(
        '',
        'Weights of the decision to speak, as `robochat learn --apply` writes them; empty uses '
        '~/.local/share/robochat/decision.json where it exists, else the shipped ones',
    )
    dialogues_folder: str = setting(
        '',
        'Where the words of people who agreed to it are kept, for fine-tuning; empty uses '
        '~/.local/share/robochat/dialogues',
    )
    dialogues_mb: float = setting(
        200.0,
        'Most that these words and their pictures take; the oldest go first',
        unit='MB',
        low=1.0,
        high=100_000.0,
    )
    keep_frames: bool = setting(
        False, 'Keep a picture with them, where everybody in view agreed to it'
    )


@dataclass(frozen=True)
class HriSettings:
    """The company of ROS4HRI (REP-155); each part works where its packages are installed."""

    listen: bool = setting(True, 'Take people that other nodes track from /humans/...')
    publish: bool = setting(
        True, 'Publish the people that our own perception finds on /humans/...'
    )
    intents: bool = setting(
        True,
        'Publish what the robot says and plans on /intents; turn it off where a controller would '
        'say or do it a second time',
    )
    camera_frame: str = setting(
        '', 'Optical frame of the camera in TF; empty takes that of the regions of interest'
    )
    max_people: int = setting(
        32, 'Most persons, faces and voices that are followed at once', low=1, high=200
    )
    outlet: str = setting(
        'topic',
        'Where words go: the topic ~/say, or an action for Say (communication_skills) or TTS '
        '(tts_msgs)',
        choices=('topic', 'say', 'tts'),
    )
    outlet_action: str = setting(
        '', 'Name of that action; empty takes /skill/say or /tts_engine/tts'
    )


@dataclass(frozen=True)
class ViewSettings:
    """The page that shows what the robot perceives and thinks; `robochat view` serves it."""

    host: str = setting(
        '127.0.0.1',
        'Address to listen on; any but a loopback one shows camera and words to the network',
    )
    port: int = setting(
        8077,
        'Port to listen on, or the next free one of ten; 0 takes any free one',
        low=0,
        high=65535,
    )
    names: str = setting(
        '', 'Host names, comma separated, by which the page may be opened besides its address'
    )
    rate_hz: float = setting(
        10.0, 'Most updates of the page in a second, pictures included', unit='Hz', low=1, high=10
    )
    width_px: int = setting(
        640, 'Wider pictures are shrunk for the page', unit='px', low=80, high=3840
    )
    jpeg_quality: int = setting(75, 'Quality of the pictures on the page', low=10, high=95)
