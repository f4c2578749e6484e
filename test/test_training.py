"""Records, features, packing, the alignment, the fit, and the command."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
from random import Random
import signal

import numpy as np
import pytest
from robochat import cli

for needed in ('torch', 'transformers', 'pyarrow', 'tensorboard', 'matplotlib', 'tqdm'):
    pytest.importorskip(needed, reason='needs robochat[train]')

from robochat.mllm.palm_e.network import PalmE  # noqa: E402
from robochat.mllm.palm_e.weights import load, WeightsError  # noqa: E402
from robochat.training import features  # noqa: E402
from robochat.training.align import Alignment  # noqa: E402
from robochat.training.curves import Curves  # noqa: E402
from robochat.training.features import Scene  # noqa: E402
from robochat.training.fit import Fit, FitSettings, Material  # noqa: E402
from robochat.training.lean import fits, LeanLlama, losses_of  # noqa: E402
from robochat.training.packing import Encoder, pack, token_losses, visible  # noqa: E402
from robochat.training.records import (  # noqa: E402
    Branch,
    Image,
    read,
    Record,
    RecordError,
    shards,
    State,
    Still,
    Text,
    Writer,
)
from tiny_palm_e import CONFIG, record, tiny_lm, tiny_tokenizer, TinyVision, write_scenes  # noqa: E402
import torch  # noqa: E402

QUICK = FitSettings(steps=4, most_tokens=400, warm_up_steps=2, held_out_scenes=2)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = write_scenes(tmp_path_factory.mktemp('scenes'))
    for split in ('train', 'val'):
        features.compute(folder, split, TinyVision())
    return folder


@pytest.fixture
def scenes(data):
    return features.load(data, 'train', TinyVision())


@pytest.fixture
def held_out(data):
    return features.load(data, 'val', TinyVision())


@pytest.fixture
def model():
    made = PalmE(tiny_lm(), CONFIG)
    torch.manual_seed(2)
    with torch.no_grad():
        for lora in made.loras.values():
            lora.b.normal_(std=0.1)
    return made


@pytest.fixture
def encoder():
    return Encoder(tiny_tokenizer(), CONFIG)


# --------------------------------------------------------------------------- records
def test_scenes_survive_being_written(tmp_path):
    written = [record(n, frames=n % 3) for n in range(5)]
    with Writer(tmp_path, 'train', scenes=2) as writer:
        for scene in written:
            writer.write(scene)
    assert [p.name for p in shards(tmp_path, 'train')] == [
        f'train-0000{n}.parquet' for n in range(3)
    ]
    for before, after in zip(written, read(tmp_path, 'train'), strict=True):
        assert after == before
    assert [f.jpeg for r in read(tmp_path, 'train', pictures=False) for f in r.frames] == [b''] * 4


def test_a_writer_goes_on_behind_what_is_there(tmp_path):
    for number in range(2):
        with Writer(tmp_path, 'val') as writer:
            writer.write(record(number))
    assert [r.name for r in read(tmp_path, 'val')] == ['scene-0', 'scene-1']


def test_an_interrupted_writer_leaves_no_part_of_a_shard(tmp_path):
    with pytest.raises(KeyboardInterrupt), Writer(tmp_path, 'val') as writer:
        writer.write(record(0))
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_folder_without_scenes_is_refused(tmp_path):
    with pytest.raises(RecordError, match='robochat train data'):
        list(read(tmp_path, 'train'))
    with pytest.raises(RecordError, match='train, val, test'):
        list(read(tmp_path, 'trial'))


def test_a_broken_shard_is_refused(tmp_path):
    (tmp_path / 'train-00000.parquet').write_bytes(b'PAR1 and nothing else')
    with pytest.raises(RecordError, match='train-00000'):
        list(read(tmp_path, 'train'))


ONE = (Branch('a', 'ask', 'answer'),)


@pytest.mark.parametrize(
    ('prefix', 'branches', 'fact'),
    [
        ((), ONE, 'prefix'),
        ((Text('a'),), (), 'branch'),
        ((Image(1),), ONE, 'picture 1 of 1'),
        ((State('robot', (float('nan'),)),), ONE, 'NaN'),
        ((Text('a'),), (Branch('a', '', 'answer'),), 'without a question'),
        ((Text('a'),), (Branch('a', 'ask', ''),), 'without an answer'),
    ],
)
def test_a_scene_that_contradicts_itself_is_refused(prefix, branches, fact):
    with pytest.raises(RecordError, match=fact):
        Record('scene', (Still(b'', 0.0),), (), prefix, branches)


# --------------------------------------------------------------------------- features
def test_features_are_computed_once(tmp_path):
    write_scenes(tmp_path, train=6, val=0)
    eyes = TinyVision()
    assert features.compute(tmp_path, 'train', eyes) == 6
    assert features.compute(tmp_path, 'train', eyes) == 0
    assert eyes.looked == 6
    with Writer(tmp_path, 'train') as writer:
        writer.write(record(7))
    assert features.compute(tmp_path, 'train', eyes) == 1
    loaded = features.load(tmp_path, 'train', eyes)
    assert [len(scene.features) for scene in loaded] == [1, 2, 0, 1, 2, 0, 1]
    assert len(features.load(tmp_path, 'train', eyes, limit=2)) == 2


def test_features_are_those_of_the_scene_s_own_pictures(scenes):
    for scene in scenes:
        told = scene.record.region_words[: CONFIG.regions]
        for words, region in zip(told, _newest(scene), strict=bool(told)):
            color = region[4, -3:].astype(float)
            assert ('red', 'green', 'blue')[int(color.argmax())] == words[0]


def _newest(scene):
    return scene.features[-1] if len(scene.features) else ()


def test_missing_and_foreign_features_are_refused(tmp_path):
    write_scenes(tmp_path, train=3, val=0)
    with pytest.raises(RecordError, match='missing'):
        features.load(tmp_path, 'train', TinyVision())
    (shard,) = shards(tmp_path, 'train')
    np.save(features.features_path(shard, TinyVision()), np.zeros((2, 12, 9, 9), np.float16))
    with pytest.raises(RecordError, match='delete it'):
        features.load(tmp_path, 'train', TinyVision())


def test_what_is_no_jpeg_is_refused(tmp_path):
    with Writer(tmp_path, 'train') as writer:
        writer.write(replace(record(0), frames=(Still(b'no picture', 0.0),)))
    with pytest.raises(RecordError, match=r'scene-0.*no picture'):
        features.compute(tmp_path, 'train', TinyVision())
    assert not list(tmp_path.glob('*.npy'))


# --------------------------------------------------------------------------- packing
def test_every_branch_learns_as_if_it_were_alone(scenes, encoder, model):
    lean = losses_of(model)
    for scene in scenes:
        tokens = encoder.encode(scene)
        together = pack(tokens, 4000)
        with torch.no_grad():
            for losses in (token_losses(model, [together]), lean([together])):
                for number, branch in enumerate(together.branches):
                    alone = pack(replace(tokens, branches=(branch,)), 4000)
                    wanted = token_losses(model, [alone])
                    mine = losses[torch.from_numpy(together.owners == number)]
                    assert torch.allclose(mine, wanted, atol=1e-4)


def test_only_answers_and_their_end_are_learnt(scenes, encoder):
    packed = pack(encoder.encode(scenes[0]), 4000)
    answers = [b.answer for b in scenes[0].record.branches]
    told = tiny_tokenizer().decode(packed.targets.tolist())
    assert told == ''.join(f'{answer}<|im_end|>' for answer in answers)


def test_padding_changes_no_loss(scenes, encoder, model):
    packs = [pack(encoder.encode(scene), 4000) for scene in scenes[:3]]
    with torch.no_grad():
        apart = torch.cat([token_losses(model, [p]) for p in packs])
        assert torch.allclose(token_losses(model, packs), apart, atol=1e-4)


def test_no_branch_sees_another():
    seen = visible(np.array([0, 0, 1, 1, 2]))
    assert seen.astype(int).tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
    ]


def test_branches_that_do_not_fit_are_left_out_whole(scenes, encoder):
    tokens = encoder.encode(scenes[0])
    longest = max(b.length for b in tokens.branches)
    packed = pack(tokens, len(tokens.prefix) + longest, Random(1))
    assert 1 <= len(packed.branches) < len(tokens.branches)
    assert set(packed.branches) <= set(tokens.branches)
    assert pack(tokens, len(tokens.prefix) + 3) is None


def test_a_state_of_another_width_is_refused(encoder):
    wrong = replace(record(0), prefix=(State('person', (1.0,)),))
    with pytest.raises(ValueError, match='has 1 numbers; it must have 21'):
        encoder.encode(Scene(wrong, np.zeros((1, 12, 9, 9), np.float16)))
    unknown = replace(record(0), prefix=(State('dog', (1.0,)),))
    with pytest.raises(ValueError, match='dog'):
        encoder.encode(Scene(unknown, np.zeros((1, 12, 9, 9), np.float16)))


@pytest.mark.parametrize('tune', ['lora', 'bridge'])
def test_the_fast_way_learns_the_same(scenes, encoder, tune):
    torch.manual_seed(3)
    model = PalmE(tiny_lm(), replace(CONFIG, tune=tune))
    for lora in model.loras.values():
        torch.nn.init.normal_(lora.b, std=0.1)
    packs = [pack(encoder.encode(scene), 4000) for scene in scenes[:3]]
    weight = torch.linspace(0.5, 1.5, sum(len(p.targets) for p in packs))
    learnt = []
    for losses in (token_losses(model, packs), LeanLlama(model).losses(packs)):
        model.zero_grad()
        (losses * weight).mean().backward()
        learnt.append(
            {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        )
        learnt[-1]['losses'] = losses.detach()
    plain, fast = learnt
    assert set(plain) == set(fast)
    assert any(n.endswith('.b') for n in plain) == (tune == 'lora')
    for name, wanted in plain.items():
        assert torch.allclose(fast[name], wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max()), name
    assert torch.allclose(fast['losses'], plain['losses'], atol=1e-4)


def test_the_fast_way_is_only_for_what_it_knows(model):
    from transformers import GPT2Config, GPT2LMHeadModel

    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=300, n_embd=32, n_layer=1, n_head=2))
    assert fits(model)
    assert not fits(PalmE(gpt2, CONFIG))
    assert not fits(PalmE(tiny_lm(), replace(CONFIG, tune='whole')))
    assert not fits(PalmE(tiny_lm().half(), CONFIG))


def test_the_fast_way_learns_about_the_same_in_halves(scenes, encoder):
    packs = [pack(encoder.encode(scene), 4000) for scene in scenes[:3]]
    gradients = []
    for kind in (torch.float32, torch.bfloat16):
        torch.manual_seed(1)
        model = PalmE(tiny_lm().to(kind), CONFIG)
        for lora in model.loras.values():
            torch.nn.init.normal_(lora.b, std=0.1)
        losses = LeanLlama(model).losses(packs)
        assert losses.dtype == torch.float32
        losses.mean().backward()
        learnt = [
            p.grad.flatten()
            for group in model.learning().values()
            for p in group
            if p.grad is not None
        ]
        assert all(g.dtype == torch.float32 for g in learnt)
        gradients.append(torch.cat(learnt))
    assert torch.cosine_similarity(*gradients, dim=0) > 0.98


# --------------------------------------------------------------------------- alignment
def test_the_alignment_finds_words_in_regions(scenes, encoder, model):
    stage = Alignment(model, encoder, scenes, least=2)
    assert set(stage.words.names) == {'red', 'green', 'blue', 'happy', 'sad'}
    losses = []
    stage.run(1.0, steps=150, tell=lambda step, share, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.7 * losses[0]
    found = stage.measure(scenes)
    hues = {f'picture {hue}' for hue in ('red', 'green', 'blue')}
    assert set(found) == hues | {'person happy', 'person sad'}
    assert all(f1 > 0.8 for f1 in found.values())


def test_words_for_another_number_of_tokens_are_refused(scenes, encoder):
    model = PalmE(tiny_lm(), replace(CONFIG, overviews=2))
    with pytest.raises(RecordError, match='15 lists of words, but a picture becomes 14 tokens'):
        Alignment(model, encoder, scenes, least=2)


def test_an_alignment_without_words_is_refused(scenes, encoder, model):
    with pytest.raises(RecordError, match='no word occurs 500 times'):
        Alignment(model, encoder, scenes, least=500)


# --------------------------------------------------------------------------- fit
def fit_of(model, encoder, scenes, held_out, settings=QUICK):
    return Fit(model, encoder, Material(scenes, held_out, ('a' * 64, 'b' * 64)), settings)


def test_a_fit_learns_and_writes_what_it_learnt(scenes, held_out, encoder, model, tmp_path):
    settings = replace(QUICK, steps=30, bridge_lr=0.01, lora_lr=0.01)
    fit = fit_of(model, encoder, scenes, held_out, settings)
    before, _ = fit.validate()
    kinds = fit.run(tmp_path)
    after, _ = fit.validate()
    assert after < 0.8 * before
    assert set(kinds) == {'mood', 'colour'}
    weights = load(tmp_path / 'weights.safetensors', 'a' * 64, 'b' * 64)
    assert weights.summary['progress']['step'] == 30
    curve = json.loads((tmp_path / 'curve.json').read_text())
    assert len(curve['train']) == 30
    assert curve['held_out'][-1]['loss'] == pytest.approx(after)
    assert (tmp_path / 'curve.png').read_bytes().startswith(b'\x89PNG')
    assert list((tmp_path / 'logs').iterdir())


def test_a_resumed_fit_is_the_same_as_one_that_was_not_interrupted(
    scenes, held_out, encoder, tmp_path
):
    ends = []
    for halves in ((4,), (2, 4)):
        folder = tmp_path / str(len(halves))
        for number, steps in enumerate(halves):
            model = PalmE(tiny_lm(), CONFIG)
            if not number:
                torch.manual_seed(4)
            settings = replace(QUICK, steps=4, held_out_scenes=1)
            fit = fit_of(model, encoder, scenes, held_out, settings)
            if steps == 4:
                fit.run(folder, resume=number > 0)
            else:
                stop_after(fit, steps, folder)
        ends.append(load(folder / 'weights.safetensors').tensors)
    for name, value in ends[0].items():
        assert np.allclose(value, ends[1][name], atol=1e-3), name


def stop_after(fit, steps, folder):
    """Interrupt a fit while it makes a step."""

    def bar(share, progress, loss, speed, kinds=None):
        if kinds is None and progress.step == steps:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit.run(folder, bar=bar)


def test_an_interrupt_saves_and_stops(scenes, held_out, encoder, model, tmp_path):
    handler = signal.getsignal(signal.SIGINT)
    stop_after(fit_of(model, encoder, scenes, held_out), 2, tmp_path)
    assert signal.getsignal(signal.SIGINT) is handler
    assert load(tmp_path / 'weights.safetensors').summary['progress']['step'] == 2
    assert (tmp_path / 'checkpoint.pt').is_file()


def test_there_is_nothing_to_resume_without_a_checkpoint(scenes, encoder, model, tmp_path):
    with pytest.raises(WeightsError, match='no checkpoint'):
        fit_of(model, encoder, scenes, ()).run(tmp_path, resume=True)


def test_a_broken_or_foreign_checkpoint_is_refused(scenes, encoder, model, tmp_path):
    (tmp_path / 'checkpoint.pt').write_bytes(b'nothing')
    with pytest.raises(WeightsError, match='is no checkpoint'):
        fit_of(model, encoder, scenes, ()).run(tmp_path, resume=True)
    fit_of(model, encoder, scenes, (), replace(QUICK, steps=1)).run(tmp_path)
    other = PalmE(tiny_lm(), replace(CONFIG, rank=3))
    with pytest.raises(WeightsError, match='another network'):
        fit_of(other, encoder, scenes, ()).run(tmp_path, resume=True)


def test_a_fit_without_fitting_scenes_is_refused(scenes, encoder, model):
    with pytest.raises(RecordError, match='no scenes'):
        fit_of(model, encoder, (), ())
    with pytest.raises(RecordError, match='no scene fits into 20 tokens'):
        fit_of(model, encoder, scenes, (), replace(QUICK, most_tokens=20)).step()


def test_a_loss_that_is_no_number_changes_nothing(scenes, encoder, model):
    broken = [Scene(s.record, np.full_like(s.features, np.nan)) for s in scenes[:1]]
    before = model.tensors()
    loss, _, _ = fit_of(model, encoder, broken, ()).step()
    assert np.isnan(loss)
    assert all(np.array_equal(before[n], t) for n, t in model.tensors().items())


def test_curves_go_on_where_the_checkpoint_was(tmp_path):
    curves = Curves(tmp_path)
    for step in range(1, 6):
        curves.learnt(step, step / 10, {'loss': 1.0 / step})
    curves.validated(5, 0.5, 0.3, {'mood': 0.3})
    curves.write()
    curves.close()
    resumed = Curves(tmp_path, resume=True)
    resumed.cut(3)
    assert [row['step'] for row in resumed.train] == [1, 2, 3]
    assert not resumed.held_out
    resumed.close()


# --------------------------------------------------------------------------- command
@pytest.mark.parametrize(
    ('words', 'fact'),
    [
        (['fit'], '--data'),
        (['fit', '--data', 'x', '--minutes', '0'], '--minutes is 0'),
        (['fit', '--data', 'x', '--steps', '0'], '--steps is 0'),
        (['fit', '--data', 'x', '--threads', '-1'], '--threads is -1'),
        (['fit', '--data', 'x', '--resume', '--init', 'w'], 'give one of them'),
        (['fit', '--data', '/nowhere'], 'robochat train data'),
        (['fit', '--data', 'x', '--vision', '/nowhere'], 'config.json is missing'),
    ],
)
def test_wrong_arguments_are_refused(words, fact, tmp_path, capsys):
    assert cli.main(['train', *words, '--out', str(tmp_path)]) == cli.REFUSED
    assert fact in capsys.readouterr().err


def test_what_is_not_installed_is_named_with_its_remedy(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pyarrow', None)
    assert cli.main(['train', 'fit', '--data', 'x', '--out', str(tmp_path)]) == cli.REFUSED
    assert 'pip install "robochat[train]"' in capsys.readouterr().err


def test_the_whole_course_runs_on_a_tiny_model(tmp_path, monkeypatch, capsys):
    from robochat.training import course
    from tiny_palm_e import save_lm

    monkeypatch.setattr(course, 'vision_of', lambda choice: TinyVision())
    monkeypatch.setattr('robochat.training.align.LEAST_OCCURRENCES', 2)
    lm, out = save_lm(tmp_path / 'lm'), tmp_path / 'out'
    write_scenes(tmp_path / 'scenes', train=30)
    words = ['train', 'fit', '--data', str(tmp_path / 'scenes'), '--out', str(out)]
    words += ['--lm', str(lm), '--threads', '1', '--steps', '2']
    assert cli.main([*words, '--align-minutes', '0.01']) == 0
    assert json.loads((out / 'alignment.json').read_text())
    weights = out / 'weights.safetensors'
    assert load(weights).summary['progress']['step'] == 2
    assert cli.main([*words, '--resume', '--steps', '3']) == 0
    assert load(weights).summary['progress']['step'] == 3
    assert cli.main([*words, '--init', str(weights), '--out', str(tmp_path / 'more')]) == 0
    assert 'starts from' in capsys.readouterr().err
    assert Path(tmp_path / 'more' / 'weights.safetensors').is_file()
