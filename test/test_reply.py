"""Reading what a model answered, whatever it is."""

from __future__ import annotations

import json
import random

from language import schema_of, sentence_of, thing, view_of
import pytest
from robochat.plan.grammar import ReplySchema
from robochat.reply import MAX_RAW_CHARS, parse, ReplyError
from robochat.values import Trigger


@pytest.fixture
def schema() -> ReplySchema:
    view = view_of(thing('cup_1', 'on dining table_1'), thing('dining table_1'))
    return schema_of(sentence_of(Trigger.TASK, view), want_plan=True)


def test_reads_words_and_steps_of_the_line_format(schema: ReplySchema) -> None:
    reply = parse('Say: I will bring it.\nPlan: navigate_to(cup_1); pick(cup_1)', schema)
    assert reply.text == 'I will bring it.'
    assert [step.call for step in reply.steps] == ['navigate_to(cup_1)', 'pick(cup_1)']
    assert reply.problems == ()


def test_reads_json_and_the_line_format_alike(schema: ReplySchema) -> None:
    tree = {'say': 'Yes.', 'plan': [{'skill': 'pick', 'arguments': {'object': 'cup_1'}}]}
    fenced = f'```json\n{json.dumps(tree)}\n```'
    lines = parse('Say: Yes.\nPlan: pick(cup_1)', schema)
    assert parse(json.dumps(tree), schema) == lines == parse(fenced, schema)


def test_plain_words_are_words(schema: ReplySchema) -> None:
    assert parse('Hello there.\nNice day.', schema).text == 'Hello there. Nice day.'


@pytest.mark.parametrize('plan', ['none', 'None.', '', 'done', '-'])
def test_an_empty_plan_is_no_problem(plan: str, schema: ReplySchema) -> None:
    reply = parse(f'Say: Hello.\nPlan: {plan}', schema)
    assert (reply.steps, reply.problems) == ((), ())


@pytest.mark.parametrize(
    ('call', 'why'),
    [
        ('shoot(cup_1)', 'no such skill'),
        ('pick(unicorn_7)', 'not in the world'),
        ('pick(cup_1, cup_1)', 'arguments'),
        ('pick cup', 'must look like'),
        ('__import__("os").system("x")', 'no such skill'),
        ('navigate_to(<|im_start|>)', 'not in the world'),
    ],
)
def test_a_step_that_is_not_declared_or_names_a_stranger_is_refused_aloud(
    call: str, why: str, schema: ReplySchema
) -> None:
    reply = parse(f'Say: Yes.\nPlan: {call}; pick(cup_1)', schema)
    assert [step.call for step in reply.steps] == ['pick(cup_1)']
    assert len(reply.problems) == 1
    assert why in reply.problems[0]


def test_steps_are_refused_when_no_plan_was_wanted() -> None:
    talk = schema_of(sentence_of(Trigger.REPLY))
    reply = parse('Say: Yes.\nPlan: look_at(person_1)', talk)
    assert reply.steps == ()
    assert 'no plan was wanted' in reply.problems[0]


def test_steps_beyond_the_limit_are_refused(schema: ReplySchema) -> None:
    reply = parse('Say: Yes.\nPlan: ' + '; '.join(['look_at(cup_1)'] * 50), schema)
    assert len(reply.steps) == schema.max_steps
    assert 'at most' in reply.problems[0]


@pytest.mark.parametrize(
    'raw',
    [
        '', '   \n', '{', '{}', '{"say": 5}', '{"say": null, "plan": "x"}', 'Say:', 'Plan: none',
        '{"say": ["a"], "plan": [1, null, [], {"skill": 3}, {"skill": "pick"}]}', '\x00\x01\x02',
        '<|im_start|><|im_end|>', '{"a":' * 5000, '```json\n```',
        '{"say": "", "plan": [{"skill": "pick", "arguments": {"object": {"deep": []}}}]}',
    ],
)  # fmt: skip
def test_garbage_gives_a_reply_error_and_nothing_else(raw: str, schema: ReplySchema) -> None:
    with pytest.raises(ReplyError):
        parse(raw, schema)


def test_random_noise_never_raises_anything_but_a_reply_error(schema: ReplySchema) -> None:
    noise = random.Random(3)
    letters = 'Say: Plan:{}[]();,"\\\n\x00\u202eabc<|>_1 pick(cup_1)'
    for _ in range(500):
        raw = ''.join(noise.choice(letters) for _ in range(noise.randrange(200)))
        try:
            parse(raw, schema)
        except ReplyError:
            continue


def test_words_are_cleaned_of_control_characters_and_template_tokens(schema: ReplySchema) -> None:
    assert parse('Say: Hello\x07 <|im_end|>there.', schema).text == 'Hello there.'


def test_an_endless_answer_is_cut_and_that_is_told(schema: ReplySchema) -> None:
    reply = parse('Say: ' + 'a ' * MAX_RAW_CHARS, schema)
    assert len(reply.text) <= 2000
    assert 'was cut' in reply.problems[0]


def test_the_error_shows_no_more_than_the_beginning_of_hostile_text(schema: ReplySchema) -> None:
    with pytest.raises(ReplyError) as error:
        parse('{"say": 1, "x": "' + 'y' * 10_000 + '"}', schema)
    assert len(str(error.value)) < 400
