"""The eyes, the bridge, the low-rank additions, and the weight file."""

from __future__ import annotations

from dataclasses import replace
import hashlib

import numpy as np
import pytest
from robochat.mllm.palm_e.config import config_from_json, NetworkConfig, NetworkConfigError
from robochat.mllm.palm_e.vision import (
    checked,
    EmbeddedVision,
    folder_sha256,
    HubVision,
    in_regions,
    vision_of,
)
from robochat.mllm.palm_e.weights import load, save, sidecar, Weights, WeightsError
from robochat.mllm.protocol import ModelError
from robochat.resources import model_path
from tiny_palm_e import CONFIG, save_lm, tiny_lm

torch = pytest.importorskip('torch', reason='needs robochat[transformers]')
pytest.importorskip('transformers', reason='needs robochat[transformers]')

from robochat.mllm.palm_e.bridge import Bridge  # noqa: E402
from robochat.mllm.palm_e.lora import add_lora, Lora  # noqa: E402
from robochat.mllm.palm_e.network import load_lm, PalmE  # noqa: E402

LM, EYES = 'a' * 64, 'b' * 64


def stirred(model):
    """Give everything that learns other values than it begins with."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameters in model.learning().values():
            for parameter in parameters:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.fixture
def model():
    return stirred(PalmE(tiny_lm(), CONFIG))


def weights_of(model):
    return Weights(model.config, model.tensors(), LM, EYES, {'steps': 3})


@pytest.fixture
def file(model, tmp_path):
    path = tmp_path / 'weights.safetensors'
    save(path, weights_of(model))
    return path


def features_of(seed=0):
    return np.random.default_rng(seed).normal(size=CONFIG.shape).astype(np.float16)


# --------------------------------------------------------------------------- eyes
@pytest.fixture(scope='module')
def eyes():
    return EmbeddedVision()


def test_a_picture_becomes_twelve_regions(eyes):
    picture = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    features = eyes.features(picture)
    assert features.shape == eyes.shape == (12, 9, 816)
    assert features.dtype == np.float16
    assert np.isfinite(features).all()


def test_the_same_picture_gives_the_same_features_and_another_others(eyes):
    first, second = np.random.default_rng(0).integers(0, 255, (2, 96, 128, 3), np.uint8)
    seen = eyes.features(first)
    assert np.array_equal(seen, eyes.features(first.copy()))
    channels = eyes.features(second)[..., : sum(eyes.parts)]
    assert np.abs(seen[..., : sum(eyes.parts)] - channels).max() > 0.1


@pytest.mark.parametrize('picture', [np.zeros((48, 64, 3)), np.zeros((3, 48, 64), np.uint8)])
def test_the_network_looks_at_nothing_but_pictures(eyes, picture):
    with pytest.raises(ValueError, match='a picture must'):
        eyes.features(picture)


def test_the_last_numbers_of_a_cell_are_its_colours(eyes):
    picture = np.zeros((288, 384, 3), np.uint8)
    picture[96:128, 128:160] = (127, 191, 255)
    features = eyes.features(picture)[..., -48:].astype(float)
    assert np.allclose(features[5, 1].reshape(16, 3), (0, 1, 2), atol=0.01)
    assert np.allclose(np.delete(features[5], 1, axis=0), -127 / 64, atol=0.01)


def test_regions_and_their_cells_are_sorted_row_by_row():
    row, column = np.mgrid[0:9, 0:12]
    regions = in_regions(np.stack([row, column], -1).astype(np.float32))
    assert regions[0, 0].tolist() == [0, 0]
    assert regions[3, 2].tolist() == [0, 11]
    assert regions[4, 0].tolist() == [3, 0]
    assert regions[11, 8].tolist() == [8, 11]


def test_the_embedded_network_is_the_one_that_was_trained_with(eyes):
    path = model_path('efficientnet_lite0.onnx')
    assert eyes.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ('picture', 'fact'),
    [
        (np.zeros((48, 64, 3), np.float32), 'dtype float32'),
        (np.zeros((48, 64), np.uint8), r'\(48, 64\)'),
        (np.zeros((48, 64, 4), np.uint8), r'\(48, 64, 4\)'),
        (np.zeros((0, 64, 3), np.uint8), '16 px'),
        ('picture.jpg', 'str'),
        (None, 'NoneType'),
    ],
)
def test_what_is_no_picture_is_refused(picture, fact):
    with pytest.raises(ValueError, match=fact):
        checked(picture)


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / 'eyes.onnx'
    path.write_bytes(b'nothing')
    with pytest.raises(ModelError, match='no usable network'):
        EmbeddedVision(path)


def test_a_folder_without_a_vision_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r'config.json is missing'):
        HubVision(tmp_path)
    with pytest.raises(ModelError, match='no weight files'):
        folder_sha256(tmp_path)


def vit(folder):
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        image_size=64, patch_size=16,
    )  # fmt: skip
    ViTModel(config).save_pretrained(folder)
    ViTImageProcessor(size={'height': 64, 'width': 64}).save_pretrained(folder)
    return 16


def resnet(folder):
    from transformers import ConvNextImageProcessor, ResNetConfig, ResNetModel

    config = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 24], depths=[1, 1], layer_type='basic'
    )
    ResNetModel(config).save_pretrained(folder)
    ConvNextImageProcessor(size={'shortest_edge': 64}).save_pretrained(folder)
    return 24


@pytest.mark.parametrize('make', [vit, resnet])
def test_other_eyes_give_the_same_regions(make, tmp_path):
    pytest.importorskip('torchvision', reason='these image processors need torchvision')
    channels = make(tmp_path)
    eyes = vision_of(str(tmp_path))
    features = eyes.features(np.full((48, 64, 3), 90, np.uint8))
    assert features.shape == eyes.shape == (12, 9, channels + 48)
    assert eyes.parts == (channels,)
    assert len(eyes.sha256) == 64


# --------------------------------------------------------------------------- description
def test_a_description_survives_being_written():
    assert config_from_json(CONFIG.to_json()) == CONFIG


@pytest.mark.parametrize(
    ('change', 'fact'),
    [
        ({'tune': 'all'}, 'bridge, lora, whole'),
        ({'rank': 0}, 'rank is 0'),
        ({'cells': 2.5}, 'cells is 2.5'),
        ({'parts': ()}, 'parts'),
        ({'parts': (3, -1)}, 'parts'),
    ],
)
def test_an_impossible_network_is_refused(change, fact):
    with pytest.raises(NetworkConfigError, match=fact):
        NetworkConfig(**change)


@pytest.mark.parametrize('text', ['', '[]', '{"parts": 3}', '{"parts": [1], "states": [{}]}'])
def test_what_is_no_description_is_refused(text):
    with pytest.raises(NetworkConfigError, match='no description'):
        config_from_json(text)


def test_an_unknown_field_of_a_description_is_refused():
    with pytest.raises(NetworkConfigError, match='colour'):
        config_from_json(CONFIG.to_json().replace('"colors"', '"colour"'))


# --------------------------------------------------------------------------- the bridge
def test_numpy_and_torch_make_the_same_tokens(model):
    bridge = Bridge(CONFIG, {n: t.astype(np.float32) for n, t in model.tensors().items()})
    model.restore(model.tensors())
    features = features_of()
    with torch.no_grad():
        wanted = model.image(torch.from_numpy(features)).numpy()
        assert np.abs(bridge.image(features) - wanted).max() < 1e-4
        for kind in CONFIG.states:
            vector = np.random.default_rng(1).normal(size=kind.width).astype(np.float32)
            wanted = model.state(kind.name, torch.from_numpy(vector)).numpy()
            assert bridge.state(kind.name, vector).shape == (kind.tokens, 32)
            assert np.abs(bridge.state(kind.name, vector) - wanted).max() < 1e-4


@pytest.fixture
def bridge(model):
    return Bridge.of(weights_of(model))


@pytest.mark.parametrize(
    ('vector', 'fact'),
    [
        (np.zeros(20), r'\(20,\)'),
        (np.zeros((1, 21)), r'\(1, 21\)'),
        (np.full(21, np.nan), '21 numbers not finite'),
        (np.r_[np.zeros(20), np.inf], '1 numbers not finite'),
        (np.array(['a'] * 21), 'must be numbers'),
    ],
)
def test_a_bad_state_is_refused(bridge, vector, fact):
    with pytest.raises(ValueError, match=fact):
        bridge.state('person', vector)


def test_an_unknown_kind_of_state_is_refused(bridge, model):
    with pytest.raises(ValueError, match=r"'dog'; known are person, person_look, thing"):
        bridge.state('dog', np.zeros(6))
    with pytest.raises(ValueError, match='dog'):
        model.state('dog', torch.zeros(6))


def test_bad_features_are_refused(bridge, model):
    with pytest.raises(ValueError, match=r'\(12, 9, 9\)'):
        bridge.image(np.zeros((12, 9, 8)))
    with pytest.raises(ValueError, match='not finite'):
        bridge.image(np.full(CONFIG.shape, np.inf))
    with pytest.raises(ValueError, match='12, 9, 9'):
        model.image(torch.zeros(12, 9, 8))
    with pytest.raises(ValueError, match='reads 21'):
        model.state('person', torch.zeros(20))


def test_a_bridge_of_another_size_is_refused(model):
    with pytest.raises(WeightsError, match='has the shape'):
        Bridge(replace(CONFIG, cell_width=7), model.tensors())
    with pytest.raises(WeightsError, match='lack'):
        Bridge(CONFIG, {})


# --------------------------------------------------------------------------- what learns
def answer(model):
    """Run a picture, a state of each kind and words through the network."""
    parts = [
        model.words(torch.tensor([5, 6])),
        model.image(torch.from_numpy(features_of())),
        *(model.state(kind.name, torch.ones(kind.width)) for kind in CONFIG.states),
    ]
    x = torch.cat(parts)[None]
    length = x.shape[1]
    mask = torch.full((length, length), -1e9).triu(1)[None, None]
    return model.logits(model.hidden(x, mask, torch.arange(length)[None]))


@pytest.mark.parametrize('tune', ['bridge', 'lora', 'whole'])
def test_gradients_reach_what_learns_and_nothing_else(tune):
    model = stirred(PalmE(tiny_lm(), replace(CONFIG, tune=tune)))
    answer(model).square().mean().backward()
    learning = {id(p) for group in model.learning().values() for p in group}
    for name, parameter in model.named_parameters():
        if id(parameter) in learning:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name
    assert set(model.learning()) == {'bridge'} | {'lora': {'lora'}, 'whole': {'lm'}}.get(
        tune, set()
    )


def test_a_fresh_addition_changes_nothing():
    lm, ids = tiny_lm(), torch.arange(9)[None]
    with torch.no_grad():
        before = lm(ids).logits
        add_lora(lm, 4, 8)
        assert torch.allclose(before, lm(ids).logits)


def test_peft_reads_our_additions_and_gives_the_same(model):
    peft = pytest.importorskip('peft', reason='needs robochat[train]')
    lora = {n: torch.from_numpy(t.astype(np.float32)) for n, t in weights_of(model).lora.items()}
    config = peft.LoraConfig(r=2, lora_alpha=4, target_modules='all-linear')
    theirs = peft.get_peft_model(tiny_lm(), config)
    result = peft.set_peft_model_state_dict(theirs, lora)
    assert not result.unexpected_keys
    model.restore(model.tensors())
    ids = torch.arange(12)[None]
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, model.lm(ids).logits, atol=1e-4)


def test_layers_of_gpt2_get_additions_too():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=300, n_embd=32, n_layer=1, n_head=2)
    model = PalmE(GPT2LMHeadModel(config).eval(), CONFIG)
    assert sorted(model.loras) == [
        f'transformer.h.0.{name}'
        for name in ('attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj')
    ]
    assert isinstance(model.lm.transformer.h[0].mlp.c_fc, Lora)
    tokens = sum(kind.tokens for kind in CONFIG.states)
    assert answer(model).shape == (1, 2 + CONFIG.picture_tokens + tokens, 300)


def test_a_model_without_linear_layers_gets_no_additions():
    class Silent(torch.nn.Module):
        def get_output_embeddings(self):
            return None

    with pytest.raises(ModelError, match='no linear layers'):
        add_lora(Silent(), 2, 4)


# --------------------------------------------------------------------------- the weight file
def test_weights_survive_being_written(model, file):
    weights = load(file, LM, EYES)
    assert weights.config == CONFIG
    assert weights.summary == {'steps': 3}
    other = PalmE(tiny_lm(), CONFIG)
    other.restore(weights.tensors)
    with torch.no_grad():
        assert torch.allclose(answer(model), answer(other), atol=0.02)
    assert np.abs(Bridge.of(weights).image(features_of())).max() > 0


def test_single_numbers_survive_exactly(model, file):
    read = load(file).tensors
    single = {n: t for n, t in model.tensors().items() if t.ndim == 0}
    assert {'bridge.scale', 'bridge.projector.gain'} <= set(single)
    for name, value in single.items():
        assert read[name].shape == ()
        assert read[name].item() == value.item()


def test_missing_weights_are_refused(tmp_path):
    with pytest.raises(WeightsError, match='no such weight file'):
        load(tmp_path / 'weights.safetensors')


def test_damaged_weights_are_refused(file):
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsError, match='is damaged'):
        load(file)


def test_weights_are_compared_with_their_card(file):
    sidecar(file).unlink()
    load(file)
    file.with_suffix('.md').write_text(f'| sha256 | `{"0" * 64}` |', encoding='utf-8')
    with pytest.raises(WeightsError, match='is damaged'):
        load(file)


@pytest.mark.parametrize('size', [0, 7, 500])
def test_truncated_weights_are_refused(file, size):
    sidecar(file).unlink()
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(WeightsError, match='no safetensors file'):
        load(file)


@pytest.mark.parametrize('wanted', [{'lm_sha256': 'c' * 64}, {'vision_sha256': 'c' * 64}])
def test_weights_of_another_base_are_refused(file, wanted):
    with pytest.raises(WeightsError, match='another'):
        load(file, **wanted)


@pytest.mark.parametrize('lost', ['bridge.projector.cell.bias', 'lora_B', 'base_model'])
def test_weights_that_lack_something_are_refused(model, tmp_path, lost):
    tensors = {n: t for n, t in model.tensors().items() if lost not in n}
    save(tmp_path / 'w.safetensors', replace(weights_of(model), tensors=tensors))
    with pytest.raises(WeightsError, match='lacks'):
        load(tmp_path / 'w.safetensors')


def test_weights_that_are_no_numbers_are_refused(model, tmp_path):
    tensors = model.tensors()
    tensors['bridge.projector.position'][0, 0] = np.nan
    save(tmp_path / 'w.safetensors', replace(weights_of(model), tensors=tensors))
    with pytest.raises(WeightsError, match='not finite'):
        load(tmp_path / 'w.safetensors')


def test_another_programs_weights_are_refused(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / 'w.safetensors'
    save_file({'a': np.zeros(2)}, path)
    with pytest.raises(WeightsError, match='format None'):
        load(path)
    save_file({'a': np.zeros(2)}, path, {'format': '1', 'config': '{}'})
    with pytest.raises(WeightsError, match='metadata'):
        load(path)


def test_a_model_takes_only_weights_of_its_own_shape(model):
    tensors = model.tensors()
    tensors['bridge.projector.position'] = np.zeros((11, 32), np.float16)
    with pytest.raises(WeightsError, match='shape'):
        model.restore(tensors)
    with pytest.raises(WeightsError, match='missing'):
        PalmE(tiny_lm(), CONFIG).restore({})
    with pytest.raises(WeightsError, match='unknown'):
        PalmE(tiny_lm(), replace(CONFIG, tune='bridge')).restore(model.tensors())


def test_a_language_model_is_opened_from_its_folder(tmp_path):
    lm, tokenizer = load_lm(str(save_lm(tmp_path)))
    assert tokenizer('<|im_start|>a')['input_ids'] == [257, tokenizer('a')['input_ids'][0]]
    assert not any(p.requires_grad for p in lm.parameters())


def test_a_folder_without_a_language_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r'config.json is missing'):
        load_lm(str(tmp_path))
    (tmp_path / 'config.json').write_text('{}', encoding='utf-8')
    with pytest.raises(ModelError, match='no language model'):
        load_lm(str(tmp_path))
