"""How reaction times are read from the events of a run."""

from robochat.bench.reaction import crowded_view, decide_times, reactions_of, rows_of


def decision(
    t: float, trigger: str = 'care', speak: bool = True, onset: float | None = 3.0
) -> dict:
    return {
        'kind': 'decision', 't': t, 'stamp': t - 0.01, 'speak': speak, 'trigger': trigger,
        'onset': onset,
    }  # fmt: skip


def turn(seconds: float = 1.0, first: float | None = 0.4, fallback: str = '') -> dict:
    return {
        'kind': 'turn', 't': 6.1, 'id': 'turn_1', 'seconds': seconds, 'first_text_sec': first,
        'fallback': fallback,
    }  # fmt: skip


UTTERANCE = {'kind': 'utterance', 't': 6.0, 'id': 'turn_1', 'trigger': 'care'}


def test_tells_the_dwell_of_the_policy_from_the_response():
    [reaction] = reactions_of('sad', [decision(5.0), UTTERANCE, turn()])
    assert abs(reaction.dwell_sec - 1.99) < 1e-6
    assert abs(reaction.response_sec - 1.0) < 1e-6
    assert reaction.model_sec == 0.4


def test_takes_the_decision_with_the_same_trigger():
    events = [decision(4.0), decision(5.5, trigger='reply'), UTTERANCE, turn()]
    assert abs(reactions_of('sad', events)[0].response_sec - 2.0) < 1e-6


def test_a_cue_without_onset_has_no_dwell():
    [reaction] = reactions_of('sad', [decision(5.0, onset=None), UTTERANCE, turn()])
    assert reaction.dwell_sec == 0.0


def test_leaves_out_an_utterance_without_a_decision_or_a_turn():
    assert reactions_of('sad', [UTTERANCE, turn()]) == ()
    assert reactions_of('sad', [decision(5.0), UTTERANCE]) == ()
    assert reactions_of('sad', [decision(5.0, speak=False), UTTERANCE, turn()]) == ()


def test_a_run_without_an_utterance_misses_the_bar():
    [row] = rows_of([])
    assert row.ok is False


def test_a_phrase_is_counted_as_one():
    reactions = reactions_of('sad', [decision(5.0), UTTERANCE, turn(fallback='too late')])
    rows = {row.what: row.value for row in rows_of(reactions)}
    assert rows['said by the phrase bank instead of the model'] == 1


def test_every_decision_on_a_crowded_view_is_timed():
    assert len(decide_times(crowded_view(), count=5)) == 5
