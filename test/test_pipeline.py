"""The flow from a world to words and plans, with a scripted model."""

from collections.abc import Callable
from dataclasses import replace
import threading

import pytest
from robochat.config import Config
from robochat.mllm.protocol import Answer, ModelCancelledError, ModelDeadlineError
from robochat.persona import load_persona
from robochat.pipeline import Pipeline
from robochat.plan.skills import load_skills
from robochat.resources import share_path
from robochat.response import Output, Responder
from robochat.values import (
    ActionPlan,
    Box,
    Decision,
    Emotion,
    EMOTIONS,
    FaceObservation,
    HeadPose,
    ModelCall,
    ObjectObservation,
    Observation,
    Refusal,
    RobotState,
    SceneObservation,
    Trigger,
    Turn,
    Utterance,
)


class ScriptedModel:
    """Answers every sentence with the same text, or fails in the same way."""

    name = 'scripted'

    def __init__(self, text: str = '', failure: Exception | None = None) -> None:
        self.text = text
        self.failure = failure
        self.calls = 0
        self.before: Callable[[], None] = lambda: None

    def generate(self, sentence, schema, on_text=None, deadline_sec=6.0, cancelled=lambda: False):
        self.calls += 1
        self.before()
        if cancelled():
            raise ModelCancelledError('cancelled')
        if self.failure is not None:
            raise self.failure
        return Answer(self.text, self.name, 10, 5, 0.1, 0.2)

    def close(self) -> None:
        """Nothing to free."""


class Stage:
    """A pipeline, its models, and what it let out."""

    def __init__(
        self, text: str = 'Say: Hello, nice to see you.', failure: Exception | None = None
    ):
        self.config = Config()
        self.model = ScriptedModel(text, failure)
        self.phrases = ScriptedModel('Say: Good to see you.')
        table = load_skills(share_path('config/skills/home.yaml'))
        persona = load_persona('companion')
        responder = Responder(self.config, persona, table, self.model, self.phrases)
        self.pipeline = Pipeline(self.config, responder, None)
        self.now_sec = 0.0
        self.out: list[Output] = []

    def watch(self, label: str = 'neutral', seconds: float = 4.0, **changes: object) -> None:
        """Let someone stand before the robot for a while."""
        rest = 0.2 / (len(EMOTIONS) - 1)
        scores = tuple(0.8 if name == label else rest for name in EMOTIONS)
        face = FaceObservation(
            'person_1',
            Box(300, 100, 60, 70),
            0.9,
            0.0,
            distance_m=1.3,
            pose=HeadPose(0, 0, 0),
            facing=True,
            emotion=Emotion(label, 0.8, scores, 0.0, 0.0, True),
        )
        for _ in range(round(seconds * 10)):
            self.now_sec += 0.1
            self.pipeline.felt(Observation(self.now_sec, 640, 480, (replace(face, **changes),)))

    def decide(self) -> tuple[Decision, Turn | None]:
        return self.pipeline.decide(self.now_sec)

    def respond(self, turn: Turn | None) -> None:
        assert turn is not None
        self.pipeline.respond(turn, lambda: self.now_sec, self.out.append)

    def of(self, kind: type) -> list:
        return [item for item in self.out if isinstance(item, kind)]


# ------------------------------------------------------------------ speaks
def test_someone_who_faces_the_robot_is_greeted_in_the_models_words():
    stage = Stage()
    stage.watch()
    decision, turn = stage.decide()
    stage.respond(turn)
    [words] = stage.of(Utterance)
    assert (words.text, words.addressee, words.proactive) == (
        'Hello, nice to see you.',
        'person_1',
        True,
    )
    assert words.reason == decision.reason
    assert words.evidence == decision.evidence
    assert stage.of(ModelCall)[0].fallback == ''


def test_a_plan_in_the_answer_leaves_checked():
    stage = Stage('Say: I will come to you.\nPlan: approach(person_1)')
    stage.watch('sad')
    stage.respond(stage.decide()[1])
    [plan] = stage.of(ActionPlan)
    assert (plan.status, [s.call for s in plan.steps]) == ('accepted', ['approach(person_1)'])


def test_words_of_a_person_get_an_answer_that_is_no_opening():
    stage = Stage('Say: I see you, and a table.')
    stage.watch()
    stage.pipeline.hear('What do you see?', stage.now_sec)
    decision, turn = stage.decide()
    stage.respond(turn)
    assert decision.trigger is Trigger.REPLY
    assert not stage.of(Utterance)[0].proactive
    assert stage.of(Utterance)[0].in_reply_to == 'What do you see?'


def test_a_phrase_is_said_and_marked_when_the_model_is_late():
    stage = Stage(failure=ModelDeadlineError('no words within 6 s'))
    stage.watch()
    stage.respond(stage.decide()[1])
    assert stage.of(Utterance)[0].text == 'Good to see you.'
    assert 'no words within 6 s' in stage.of(ModelCall)[0].fallback


def test_a_question_of_another_node_is_answered_and_not_part_of_the_conversation():
    stage = Stage('Say: There is a person.')
    turn = stage.pipeline.question('Who is there?', 0.0)
    stage.pipeline.respond(turn, lambda: 0.0, stage.out.append, aloud=False)
    assert stage.of(Utterance)[0].text == 'There is a person.'
    assert stage.pipeline.view(0.0).speech == ()


# ------------------------------------------------------------------ does not speak
def test_an_empty_room_asks_no_model():
    stage = Stage()
    for _ in range(600):
        stage.now_sec += 0.1
        assert stage.decide()[1] is None
    assert stage.model.calls == 0


def test_one_opening_is_decided_once():
    stage = Stage()
    stage.watch()
    turns = [stage.decide()[1] for _ in range(20)]
    assert sum(t is not None for t in turns) == 1


def test_someone_who_begins_to_speak_cuts_an_opening_short():
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    stage.pipeline.hear('Hello robot, are you there?', stage.now_sec)
    stage.respond(turn)
    assert stage.of(Utterance) == []
    assert stage.decide()[0].trigger is Trigger.REPLY


def test_lips_that_begin_to_move_drop_an_opening_in_the_making():
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    stage.watch(seconds=0.1, mouth_active=True)
    decision, _ = stage.decide()
    stage.respond(turn)
    assert stage.of(Utterance) == []
    assert 'someone is speaking' in decision.reason


def test_an_opening_that_talk_cut_off_comes_again_once_the_talk_has_rested():
    stage = Stage()
    stage.watch()
    stage.decide()
    stage.watch(seconds=0.5, mouth_active=True)
    assert stage.decide()[1] is None
    stage.watch(seconds=1.5)
    assert 'cut these words off' in stage.decide()[0].reason
    stage.watch(seconds=8.0)
    assert stage.decide()[0].trigger is Trigger.GREETING


@pytest.mark.parametrize(
    'change', [{'facing': False, 'pose': HeadPose(1.0, 0, 0)}, {'eyes_closed': True}]
)
def test_an_opening_whose_moment_has_passed_is_taken_back_in_silence(change):
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    stage.watch(seconds=2.0, **change)
    stage.respond(turn)
    assert stage.of(Utterance) == []
    assert [r.what for r in stage.of(Refusal)] == ['turn']
    stage.watch(seconds=3.0)
    assert stage.decide()[0].trigger is Trigger.GREETING


def test_a_glance_aside_takes_nothing_back():
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    stage.watch(seconds=0.3, facing=False, pose=HeadPose(1.0, 0, 0))
    stage.respond(turn)
    assert len(stage.of(Utterance)) == 1


def test_a_warning_is_said_though_its_addressee_has_left():
    stage = Stage()
    stage.watch(seconds=2.0, facing=False, pose=HeadPose(1.0, 0, 0))
    fire = ObjectObservation('fire_1', 'fire', 0.9, Box(0, 0, 60, 60))
    stage.pipeline.shown(SceneObservation(stage.now_sec, 640, 480, (fire,)))
    decision, turn = stage.decide()
    assert decision.trigger is Trigger.HAZARD
    stage.now_sec += 10.0
    assert stage.pipeline.view(stage.now_sec).people == ()
    stage.respond(turn)
    assert len(stage.of(Utterance)) == 1


def test_what_was_said_is_known_after_the_clock_was_set_back():
    stage = Stage()
    stage.now_sec = 5000.0
    stage.watch()
    _, turn = stage.decide()
    stage.respond(turn)
    stage.now_sec -= 3600.0
    assert not stage.decide()[0].speak
    stage.watch(seconds=5.0)
    assert 'greeted already' in stage.decide()[0].reason


def test_an_opening_that_was_dropped_does_not_come_again_once_its_cue_is_gone():
    stage = Stage()
    stage.watch()
    stage.decide()
    stage.watch(seconds=0.5, mouth_active=True)
    stage.decide()
    stage.watch(seconds=2.0, facing=False, pose=HeadPose(1.0, 0, 0))
    assert stage.decide()[1] is None


def test_the_voice_is_told_once_to_stop_when_a_person_speaks():
    stage = Stage('Say: Hello, it is really nice to see you here again today.')
    stage.watch()
    stage.respond(stage.decide()[1])
    assert stage.pipeline.hushed() is None
    stage.now_sec += 0.5
    stage.pipeline.hear('Listen, please.', stage.now_sec)
    hush = stage.pipeline.hushed()
    assert hush is not None
    assert hush.utterance == stage.of(Utterance)[0].id
    assert stage.pipeline.hushed() is None
    assert not stage.pipeline.view(stage.now_sec).robot.speaking


def test_a_warning_goes_on_while_a_person_speaks():
    stage = Stage('Say: Careful, there is a fire behind you on the floor.')
    stage.watch()
    fire = ObjectObservation('fire_1', 'fire', 0.9, Box(0, 0, 60, 60))
    stage.pipeline.shown(SceneObservation(stage.now_sec, 640, 480, (fire,)))
    stage.respond(stage.decide()[1])
    stage.pipeline.hear('What is it?', stage.now_sec + 0.3)
    assert stage.pipeline.hushed() is None


def warned(stage):
    """Let a fire appear, and answer the warning; returns how often words were out by the call."""
    stage.watch()
    fire = ObjectObservation('fire_1', 'fire', 0.9, Box(0, 0, 60, 60))
    stage.pipeline.shown(SceneObservation(stage.now_sec, 640, 480, (fire,)))
    said = []
    stage.model.before = lambda: said.append(len(stage.of(Utterance)))
    stage.respond(stage.decide()[1])
    return said


def test_a_warning_is_said_before_the_model_is_asked_and_once():
    stage = Stage('Say: Careful, there is a fire behind you on the floor.')
    stage.phrases.text = 'Say: Careful, please: fire.'
    assert warned(stage) == [1]
    assert [words.text for words in stage.of(Utterance)] == ['Careful, please: fire.']


def test_without_a_phrase_for_it_the_warning_is_the_models():
    stage = Stage('Say: Careful, there is a fire behind you on the floor.')
    stage.phrases.failure = ModelDeadlineError('no phrase')
    assert warned(stage) == [0]
    assert [words.text for words in stage.of(Utterance)] == [stage.model.text[5:]]


def test_a_hazard_cuts_a_greeting_short():
    stage = Stage('Say: Careful, the cup fell down.')
    stage.watch()
    _, greeting = stage.decide()
    fire = ObjectObservation('fire_1', 'fire', 0.9, Box(0, 0, 60, 60))
    stage.pipeline.shown(SceneObservation(stage.now_sec, 640, 480, (fire,)))
    decision, warning = stage.decide()
    assert decision.trigger is Trigger.HAZARD
    stage.respond(greeting)
    assert stage.of(Utterance) == []
    stage.respond(warning)
    assert stage.of(Utterance)[0].priority > 200


def test_not_now_is_honoured_without_asking_a_model():
    stage = Stage()
    stage.watch()
    stage.pipeline.hear('Not now, please.', stage.now_sec)
    decision, turn = stage.decide()
    assert turn is None
    assert 'not to be disturbed' in decision.reason
    assert stage.model.calls == 0


def test_nothing_is_said_while_muted():
    stage = Stage()
    stage.watch()
    stage.pipeline.mute(True)
    assert stage.decide() == (stage.decide()[0], None)
    stage.pipeline.mute(False)
    assert stage.decide()[1] is not None


def test_a_turn_that_was_cancelled_while_the_model_thought_is_not_spoken():
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    stage.model.before = lambda: stage.pipeline.cancel() and None
    stage.respond(turn)
    assert stage.of(Utterance) == []


def test_who_left_meanwhile_is_not_spoken_to():
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    stage.now_sec += 20
    stage.respond(turn)
    assert stage.of(Utterance) == []
    assert any('has left' in r.reason for r in stage.of(Refusal))


def test_words_that_may_not_be_said_are_refused_and_a_phrase_is_said():
    stage = Stage('Say: You are clinically depressed and need medication.')
    stage.watch('sad')
    stage.respond(stage.decide()[1])
    assert stage.of(Refusal)[0].what == 'utterance'
    assert stage.of(Utterance)[0].text == 'Good to see you.'


def test_the_same_opening_is_not_said_twice():
    stage = Stage()
    stage.watch()
    stage.respond(stage.decide()[1])
    stage.watch('sad', seconds=30)
    stage.respond(stage.decide()[1])
    assert [u.text for u in stage.of(Utterance)] == ['Hello, nice to see you.', 'Good to see you.']


@pytest.mark.parametrize(
    'plan',
    [
        'fly(moon)',
        'pick(cup_99)',
        'hand_over(person_1, person_1)',
        'say(' + 'x' * 9000 + ')',
        '();;(',
    ],
)
def test_a_plan_that_can_not_run_is_refused_with_a_reason(plan):
    stage = Stage(f'Say: As you wish.\nPlan: {plan}')
    stage.watch('sad')
    stage.respond(stage.decide()[1])
    plans = stage.of(ActionPlan)
    assert all(p.status == 'refused' and p.refusal for p in plans)
    assert plans or any(r.what == 'plan' for r in stage.of(Refusal))


@pytest.mark.parametrize(
    'garbage', ['', '\x00\x01', '{"say": 7}', '{' * 5000, 'Plan: approach(person_1)', 'Say:']
)
def test_garbage_from_the_model_ends_in_a_phrase(garbage):
    stage = Stage(garbage)
    stage.watch()
    stage.respond(stage.decide()[1])
    assert [u.text for u in stage.of(Utterance)] == ['Good to see you.']
    assert stage.of(ModelCall)[0].fallback


@pytest.mark.parametrize('speech', ['', '   ', '\x00\x07', '<|im_end|>'])
def test_speech_without_words_is_no_speech(speech):
    stage = Stage()
    assert stage.pipeline.hear(speech, 1.0) is None
    assert stage.pipeline.view(1.0).speech == ()


def test_a_megabyte_of_speech_is_cut():
    stage = Stage()
    heard = stage.pipeline.hear('please ' * 150_000, 1.0)
    assert heard is not None
    assert len(heard.text) <= stage.config.safety.max_speech_chars


def test_a_clock_that_jumps_back_starts_the_world_again():
    stage = Stage()
    stage.watch()
    stage.pipeline.robot_is(RobotState(battery=0.4))
    stage.decide()
    decision, turn = stage.pipeline.decide(-100.0)
    assert (decision.speak, turn) == (False, None)
    assert stage.pipeline.view(-100.0).people == ()
    assert stage.pipeline.view(-100.0).robot.battery == 0.4


def test_a_model_that_thinks_holds_nobody_up():
    stage = Stage()
    stage.watch()
    _, turn = stage.decide()
    waiting, go_on = threading.Event(), threading.Event()

    def think() -> None:
        waiting.set()
        go_on.wait(10)

    stage.model.before = think
    thread = threading.Thread(target=stage.respond, args=(turn,))
    thread.start()
    assert waiting.wait(10)
    stage.watch(seconds=1.0)
    assert stage.decide()[0].reason
    go_on.set()
    thread.join(10)
    assert not thread.is_alive()


# ------------------------------------------------------------------ chooses to say nothing
class SilentModel(ScriptedModel):
    """Chooses to say nothing, whatever it is asked."""

    def generate(self, *args, **kwargs):
        return replace(super().generate(*args, **kwargs), text='', silent=True)


def silent_stage() -> Stage:
    stage = Stage()
    stage.model = stage.pipeline._responder.model = SilentModel()
    return stage


def test_a_model_may_choose_silence_and_no_phrase_is_said():
    stage = silent_stage()
    stage.watch()
    stage.respond(stage.decide()[1])
    assert not stage.of(Utterance)
    assert not stage.of(ActionPlan)
    assert stage.phrases.calls == 0
    [refusal] = stage.of(Refusal)
    assert refusal.what == 'utterance'
    assert refusal.reason == 'the model chose to say nothing'
    assert [(c.model, c.fallback) for c in stage.of(ModelCall)] == [('scripted', '')]


def test_words_may_be_left_unanswered():
    stage = silent_stage()
    stage.watch()
    stage.pipeline.hear('Mum, did you feed the cat?', stage.now_sec)
    stage.respond(stage.decide()[1])
    assert not stage.of(Utterance)
    assert len(stage.of(ModelCall)) == 1


def test_an_opening_that_the_model_kept_to_itself_is_not_decided_at_once_again():
    stage = silent_stage()
    stage.watch()
    stage.respond(stage.decide()[1])
    for _ in range(20):
        stage.watch(seconds=0.1)
        decision, turn = stage.decide()
        assert not decision.speak
        assert turn is None


def test_a_task_is_never_met_with_silence():
    stage = silent_stage()
    stage.watch()
    turn = stage.pipeline.task('Bring me the cup.', stage.now_sec)
    stage.respond(turn)
    assert len(stage.of(Utterance)) == 1 == stage.phrases.calls


@pytest.mark.parametrize('trigger', [Trigger.HAZARD, Trigger.TASK])
def test_a_phrase_speaks_where_silence_is_not_allowed(trigger):
    stage = silent_stage()
    stage.watch()
    turn = stage.decide()[1]
    stage.respond(replace(turn, decision=replace(turn.decision, trigger=trigger)))
    [words] = stage.of(Utterance)
    assert words.text == 'Good to see you.'
    said_at_once = trigger is Trigger.HAZARD
    assert ('no words' in stage.of(ModelCall)[0].fallback) != said_at_once
