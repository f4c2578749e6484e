from __future__ import annotations

from collections.abc import Callable, Iterator
import ctypes
import ctypes.util
from pathlib import Path
import resource
import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from robochat.mllm.palm_e.decoder import Decoder, Logits
from robochat.mllm.palm_e.gguf_file import read_header
from robochat.mllm.palm_e.merge import merged_model
from robochat.mllm.palm_e.tokens import Tokens
from robochat.mllm.protocol import ModelCancelledError, ModelError
from robochat.resources import cache_folder

gguf = pytest.importorskip('gguf')
torch = pytest.importorskip('torch')
transformers = pytest.importorskip('transformers')
pytest.importorskip('tokenizers')
pytest.importorskip('xllamacpp')

LIMIT = 100
TEXT = tuple(int(i) for i in np.random.default_rng(3).integers(3, 259, 40))
PROJECTIONS = {
    'attn_q': 'self_attn.q_proj',
    'attn_k': 'self_attn.k_proj',
    'attn_v': 'self_attn.v_proj',
    'attn_output': 'self_attn.o_proj',
    'ffn_gate': 'mlp.gate_proj',
    'ffn_up': 'mlp.up_proj',
    'ffn_down': 'mlp.down_proj',
}


def tiny_lm() -> Any:
    torch.manual_seed(5)
    config = transformers.LlamaConfig(
        hidden_size=96,
        intermediate_size=160,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        vocab_size=260,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    return transformers.LlamaForCausalLM(config).eval()


def in_pairs(rows: NDArray[Any], heads: int) -> NDArray[Any]:
    """Order rows as llama.cpp wants them, row by row as its documentation has it."""
    width = len(rows) // heads
    order = [
        head * width + part * width // 2 + i
        for head in range(heads)
        for i in range(width // 2)
        for part in (0, 1)
    ]
    return rows[order]


def byte_characters() -> list[str]:
    characters, others = [], 0
    for byte in range(256):
        if chr(byte).isprintable() and byte not in (32, 173):
            characters.append(chr(byte))
        else:
            characters.append(chr(256 + others))
            others += 1
    return characters


def write_gguf(path: Path, lm: Any) -> None:
    config, weights = lm.config, {k: v.numpy() for k, v in lm.state_dict().items()}
    writer = gguf.GGUFWriter(path, 'llama')
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_file_type(0)
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre('smollm')
    tokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', *byte_characters(), 'he']
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * 257)
    writer.add_token_merges(['h e'])
    writer.add_eos_token_id(2)
    writer.add_tensor('token_embd.weight', weights['model.embed_tokens.weight'])
    writer.add_tensor('output_norm.weight', weights['model.norm.weight'])
    for i in range(config.num_hidden_layers):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        writer.add_tensor(f'{block}.attn_norm.weight', weights[f'{layer}.input_layernorm.weight'])
        norm = weights[f'{layer}.post_attention_layernorm.weight']
        writer.add_tensor(f'{block}.ffn_norm.weight', norm)
        heads = {'attn_q': config.num_attention_heads, 'attn_k': config.num_key_value_heads}
        for name, module in PROJECTIONS.items():
            rows = weights[f'{layer}.{module}.weight']
            rows = in_pairs(rows, heads[name]) if name in heads else rows
            writer.add_tensor(f'{block}.{name}.weight', np.ascontiguousarray(rows))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope='module')
def lm() -> Any:
    return tiny_lm()


@pytest.fixture(scope='module')
def file(lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(tmp_path_factory.mktemp('gguf')) / 'tiny.gguf'
    write_gguf(path, lm)
    return path


def llama(path: Path, context: int = LIMIT) -> Decoder:
    from robochat.mllm.palm_e.llama_decoder import LlamaDecoder

    return LlamaDecoder(path, threads=1, context=context)


def of_torch(lm: Any, precision: str = 'float32') -> Decoder:
    from robochat.mllm.palm_e.torch_decoder import TorchDecoder

    return TorchDecoder(lm, threads=1, context=LIMIT, precision=precision)


@pytest.fixture(params=['llama', 'torch'])
def decoder(request: pytest.FixtureRequest, file: Path, lm: Any) -> Iterator[Decoder]:
    made = llama(file) if request.param == 'llama' else of_torch(lm)
    yield made
    made.close()


@pytest.fixture
def reference(lm: Any) -> Callable[[tuple[int, ...]], NDArray[Any]]:
    def full(tokens: tuple[int, ...]) -> NDArray[Any]:
        with torch.inference_mode():
            logits: NDArray[Any] = lm(torch.tensor([tokens])).logits[0].numpy()
            return logits

    return full


def embeddings(lm: Any, tokens: tuple[int, ...]) -> NDArray[np.float32]:
    table: NDArray[np.float32] = lm.get_input_embeddings().weight.detach().float().numpy()
    return table[list(tokens)]


def one_by_one(decoder: Decoder, tokens: tuple[int, ...]) -> Logits:
    return np.stack([decoder.read([token]) for token in tokens])


def alike(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True)
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return float(((a * b).sum(-1) / lengths).min())


def adapter_of(lm: Any, size: float = 0.1) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(4)
    matrices = {}
    for name, module in lm.named_modules():
        if name.endswith('_proj'):
            key = f'base_model.model.{name}.lora'
            down = rng.normal(size=(4, module.in_features)) * size
            up = rng.normal(size=(module.out_features, 4)) * size
            matrices[f'{key}_A.weight'] = down.astype(np.float16)
            matrices[f'{key}_B.weight'] = up.astype(np.float16)
    return matrices


# Reading


def test_torch_reads_step_by_step_as_in_one_pass(lm: Any, reference: Any) -> None:
    decoder = of_torch(lm)
    assert np.abs(one_by_one(decoder, TEXT) - reference(TEXT)).max() < 1e-4


def test_llama_reads_step_by_step_what_torch_reads_in_one_pass(file: Path, reference: Any) -> None:
    decoder = llama(file)
    assert alike(one_by_one(decoder, TEXT), reference(TEXT)) > 0.9999
    decoder.close()


def test_embeddings_of_tokens_are_read_like_the_tokens(
    decoder: Decoder, lm: Any, reference: Any
) -> None:
    logits = decoder.read_vectors(embeddings(lm, TEXT))
    assert logits.shape == (260,) and logits.dtype == np.float32
    assert alike(logits, reference(TEXT)[-1]) > 0.9999
    assert decoder.length == len(TEXT)
    assert np.allclose(decoder.embed(TEXT), embeddings(lm, TEXT), atol=0.02)
    assert decoder.length == len(TEXT)
    with pytest.raises(ModelError, match='not in the vocabulary'):
        decoder.embed([260])


def test_tokens_and_embeddings_mix(decoder: Decoder, lm: Any, reference: Any) -> None:
    decoder.read(TEXT[:7])
    decoder.read_vectors(embeddings(lm, TEXT[7:30]))
    assert alike(decoder.read(TEXT[30:]), reference(TEXT)[-1]) > 0.9999


def test_more_than_a_chunk_is_read_whole(decoder: Decoder, reference: Any) -> None:
    long = (TEXT * 3)[:LIMIT]
    assert alike(decoder.read(long), reference(long)[-1]) > 0.999
    assert decoder.length == LIMIT


@pytest.mark.parametrize('kept', [0, 1, 20, 40])
def test_what_is_cut_and_read_again_gives_the_same(decoder: Decoder, kept: int) -> None:
    before = decoder.read(TEXT)
    decoder.read(TEXT[::-1])
    decoder.cut(kept)
    assert decoder.length == kept
    again = decoder.read((*TEXT, 5)[kept:])
    decoder.cut(0)
    decoder.read(TEXT)
    np.testing.assert_allclose(again, decoder.read([5]), atol=2e-2)
    decoder.cut(0)
    np.testing.assert_allclose(decoder.read(TEXT), before, atol=1e-4)


def test_weights_of_a_file_are_loaded_into_torch_as_they_were(lm: Any, file: Path) -> None:
    from robochat.mllm.palm_e.torch_weights import load_lm

    loaded, tokens = load_lm(file), torch.tensor([TEXT])
    assert loaded.state_dict().keys() == lm.state_dict().keys()
    with torch.inference_mode():
        torch.testing.assert_close(loaded(tokens).logits, lm(tokens).logits)


def test_logits_are_a_copy(decoder: Decoder) -> None:
    first = decoder.read([5])
    kept = first.copy()
    decoder.read([9, 9])
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(('precision', 'least'), [('bfloat16', 0.99), ('int8', 0.99)])
def test_lower_precision_reads_nearly_the_same(
    precision: str, least: float, reference: Any
) -> None:
    decoder = of_torch(tiny_lm(), precision)
    assert alike(decoder.read(TEXT), reference(TEXT)[-1]) > least


# Refusing


@pytest.mark.parametrize('tokens', [[], [260], [-1], [[1, 2]], ['a'], [1 << 70]])
def test_tokens_that_cannot_be_are_refused(decoder: Decoder, tokens: Any) -> None:
    decoder.read([4, 4])
    with pytest.raises(ModelError):
        decoder.read(tokens)
    assert decoder.length == 2


@pytest.mark.parametrize('shape', [(0, 96), (3, 95), (96,), (1, 3, 96)])
def test_embeddings_of_a_wrong_shape_are_refused(decoder: Decoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError):
        decoder.read_vectors(np.zeros(shape, np.float32))
    assert decoder.length == 0


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_embeddings_that_are_not_finite_are_refused(decoder: Decoder, value: float) -> None:
    vectors = np.zeros((3, 96), np.float32)
    vectors[1, 5] = value
    with pytest.raises(ModelError, match='embedding 1 of 3'):
        decoder.read_vectors(vectors)
    assert decoder.length == 0


def test_more_than_fits_is_refused_and_the_rest_stays(decoder: Decoder) -> None:
    decoder.read(TEXT)
    with pytest.raises(ModelError, match='over the limit of 100'):
        decoder.read([7] * 61)
    assert decoder.length == 40
    decoder.read([7] * 60)


@pytest.mark.parametrize('length', [-1, 3])
def test_a_cut_beyond_what_is_kept_is_refused(decoder: Decoder, length: int) -> None:
    decoder.read([7, 7])
    with pytest.raises(ModelError, match='0 to 2 are kept'):
        decoder.cut(length)


def test_what_the_check_raises_stops_between_chunks(decoder: Decoder) -> None:
    calls = []

    def check() -> None:
        calls.append(decoder.length)
        if len(calls) == 2:
            raise ModelCancelledError('the answer is no longer wanted')

    with pytest.raises(ModelCancelledError):
        decoder.read([9] * 90, check)
    assert calls == [0, 64] and decoder.length == 64
    decoder.cut(0)
    assert decoder.read([9]).shape == (260,)


def test_a_closed_decoder_refuses_everything(decoder: Decoder) -> None:
    decoder.close()
    decoder.close()
    for use in (
        lambda: decoder.read([1]),
        lambda: decoder.read_vectors(np.zeros((1, 96), np.float32)),
        lambda: decoder.cut(0),
    ):
        with pytest.raises(ModelError, match='closed'):
            use()


@pytest.mark.parametrize('context', [0, 257])
def test_a_context_that_the_model_cannot_have_is_refused(file: Path, context: int) -> None:
    with pytest.raises(ModelError, match='positions'):
        llama(file, context)


def test_a_precision_that_is_unknown_is_refused(lm: Any) -> None:
    with pytest.raises(ModelError, match='float32, bfloat16, int8'):
        of_torch(lm, 'float8')


# Files


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'set model\.path'):
        llama(tmp_path / 'none.gguf')


@pytest.mark.parametrize('content', [b'', b'GGU', b'GGML' * 99, b'GGUF' + b'\xff' * 400])
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'wrong.gguf'
    path.write_bytes(content)
    with pytest.raises(ModelError, match='not a whole GGUF file'):
        llama(path)


@pytest.mark.parametrize('share', [0.001, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, file: Path, share: float) -> None:
    whole = file.read_bytes()
    path = tmp_path / 'short.gguf'
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelError, match='cut short'):
        llama(path)


def test_a_file_of_an_unknown_architecture_is_refused_with_the_reason(
    tmp_path: Path, file: Path
) -> None:
    path = tmp_path / 'other.gguf'
    path.write_bytes(file.read_bytes().replace(b'llama', b'lalma'))
    with pytest.raises(ModelError, match="unknown model architecture: 'lalma'"):
        llama(path)


def test_a_file_that_torch_cannot_use_is_refused(tmp_path: Path, file: Path) -> None:
    from robochat.mllm.palm_e.torch_weights import load_lm

    path = tmp_path / 'other.gguf'
    for old, new in ((b'llama', b'lalma'), (b'blk.1.attn_k', b'blk.1.attn_x')):
        path.write_bytes(file.read_bytes().replace(old, new))
        with pytest.raises(ModelError):
            load_lm(path)


def test_a_library_with_other_defaults_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from robochat.mllm.palm_e import llama_library

    native = llama_library.library()
    monkeypatch.setattr(llama_library, 'DEFAULTS', (513, 2048, 512, 1))
    with pytest.raises(ModelError, match=r'was tested; .* set model\.runtime to torch'):
        native._check_layout()


def test_a_library_without_the_functions_is_refused() -> None:
    from robochat.mllm.palm_e.llama_library import Library

    with pytest.raises(ModelError, match='was tested'):
        Library(Path(ctypes.util.find_library('m') or 'libm.so.6'))


def test_a_process_ends_cleanly_with_an_open_decoder(file: Path) -> None:
    script = (
        'import sys; from pathlib import Path\n'
        'from robochat.mllm.palm_e.llama_decoder import LlamaDecoder\n'
        'd = LlamaDecoder(Path(sys.argv[1]), context=64); d.read([5, 6]); print(d.length)'
    )
    done = subprocess.run(
        [sys.executable, '-c', script, str(file)],
        capture_output=True,
        check=False,
        timeout=60,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, '2\n', '')


# Merging


@pytest.fixture
def merged(lm: Any, file: Path, tmp_path: Path) -> Path:
    return merged_model(file, adapter_of(lm), tmp_path, alpha=8.0)


def test_a_merged_file_reads_as_peft_does(lm: Any, merged: Path, reference: Any) -> None:
    peft = pytest.importorskip('peft')
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules='all-linear')
    model = peft.get_peft_model(tiny_lm(), config)
    state = {name: torch.from_numpy(array).float() for name, array in adapter_of(lm).items()}
    peft.set_peft_model_state_dict(model, state)
    with torch.inference_mode():
        expected = model(torch.tensor([TEXT])).logits[0].numpy()
    decoder = llama(merged)
    found = one_by_one(decoder, TEXT)
    decoder.close()
    assert alike(found, expected) > 0.99
    assert (found.argmax(-1) == expected.argmax(-1)).mean() > 0.9
    assert alike(reference(TEXT), expected) < 0.9


def test_a_merged_file_is_q8_0_and_keeps_the_vocabulary(merged: Path, file: Path) -> None:
    header = read_header(merged)
    assert header.number('general.file_type') == 7
    assert {t.kind for t in header.tensors if len(t.shape) == 2} == {8}
    assert Tokens(merged).encode('hey<|im_end|>') == Tokens(file).encode('hey<|im_end|>')
    assert [str(t.name) for t in gguf.GGUFReader(merged).tensors] == [
        t.name for t in header.tensors
    ]


def test_a_file_of_an_adapter_is_merged_like_its_arrays(
    lm: Any, file: Path, tmp_path: Path, merged: Path
) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / 'adapter_model.safetensors'
    save_file(adapter_of(lm), path)
    assert merged_model(file, path, tmp_path, alpha=8.0).read_bytes() == merged.read_bytes()


def test_a_merged_file_is_made_once_and_again_when_broken(
    lm: Any, file: Path, tmp_path: Path, merged: Path
) -> None:
    shares: list[float] = []
    first = merged.stat().st_mtime_ns
    assert merged_model(file, adapter_of(lm), tmp_path, shares.append, alpha=8.0) == merged
    assert merged.stat().st_mtime_ns == first and shares == [1.0]
    whole = merged.read_bytes()
    merged.write_bytes(whole[:-500])
    merged_model(file, adapter_of(lm), tmp_path, shares.append, alpha=8.0)
    assert merged.read_bytes() == whole and sorted(shares[1:]) == shares[1:] and len(shares) > 5


def test_other_adapters_and_scales_have_files_of_their_own(
    lm: Any, file: Path, tmp_path: Path, merged: Path
) -> None:
    others = {
        merged_model(file, adapter_of(lm), tmp_path, alpha=4.0),
        merged_model(file, adapter_of(lm, 0.2), tmp_path, alpha=8.0),
    }
    assert len({merged, *others}) == 3
    assert sorted(tmp_path.iterdir()) == sorted({merged, *others})


@pytest.mark.parametrize(
    ('change', 'text'),
    [
        (lambda a: a.clear(), 'empty'),
        (lambda a: a.pop(next(iter(a))), 'both are needed'),
        (lambda a: a.update({next(iter(a)): np.zeros((4, 7))}), 'is not'),
        (lambda a: a.update({next(iter(a)): np.full((4, 96), np.nan)}), 'NaN'),
        (lambda a: a.update({'base_model.model.lm_head.lora_A.weight': np.zeros(3)}), 'lm_head'),
        (
            lambda a: a.update(
                {f'model.layers.9.mlp.up_proj.lora_{side}.weight': np.zeros(3) for side in 'AB'}
            ),
            'does not have',
        ),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(
    lm: Any, file: Path, tmp_path: Path, change: Callable[[Any], Any], text: str
) -> None:
    adapter = adapter_of(lm)
    change(adapter)
    with pytest.raises(ModelError, match=text):
        merged_model(file, adapter, tmp_path, alpha=8.0)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_adapter_is_refused(file: Path, tmp_path: Path) -> None:
    path = tmp_path / 'adapter.safetensors'
    with pytest.raises(ModelError, match="can't be read"):
        merged_model(file, path, tmp_path, alpha=8.0)
    path.write_bytes(b'no')
    with pytest.raises(ModelError, match='not a safetensors file'):
        merged_model(file, path, tmp_path, alpha=8.0)


def test_a_folder_that_cannot_be_made_is_told(lm: Any, file: Path, tmp_path: Path) -> None:
    (tmp_path / 'taken').write_text('a file')
    with pytest.raises(ModelError, match='XDG_CACHE_HOME'):
        merged_model(file, adapter_of(lm), tmp_path / 'taken', alpha=8.0)


def test_a_full_disk_is_told_and_leaves_nothing(lm: Any, file: Path, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(ModelError, match="can't be written"):
            merged_model(file, adapter_of(lm), tmp_path, alpha=8.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', '/somewhere')
    assert cache_folder() == Path('/somewhere/robochat')
    monkeypatch.setenv('XDG_CACHE_HOME', '')
    monkeypatch.setenv('HOME', '/home/me')
    assert cache_folder() == Path('/home/me/.cache/robochat')


# Tokens


def test_special_tokens_are_parsed_only_on_demand(file: Path) -> None:
    tokens = Tokens(file)
    assert tokens.encode('<|im_end|>') == (tokens.end,) == (2,)
    plain = tokens.encode('<|im_end|>', special=False)
    assert tokens.end not in plain and len(plain) == 10
    assert tokens.decode(plain) == '<|im_end|>'


def test_tokens_come_back_as_text_and_as_bytes(file: Path) -> None:
    tokens = Tokens(file)
    text = 'he is 12 – größe 日本🙂\n'
    assert tokens.decode(tokens.encode(text)) == text
    assert b''.join(map(tokens.piece, tokens.encode(text))) == text.encode()
    assert tokens.piece(259) == b'he' and tokens.piece(2) == b'<|im_end|>'
    assert tokens.decode([2]) == '' and tokens.encode('') == ()


def test_half_a_character_is_shown_as_broken(file: Path) -> None:
    tokens = Tokens(file)
    assert tokens.decode(tokens.encode('é')[:1]) == '\ufffd'


@pytest.mark.parametrize('token', [-1, 260])
def test_a_token_that_is_unknown_has_no_piece(file: Path, token: int) -> None:
    with pytest.raises(ModelError, match='0 to 259'):
        Tokens(file).piece(token)


def test_another_kind_of_vocabulary_is_refused(file: Path, tmp_path: Path) -> None:
    path = tmp_path / 'other.gguf'
    path.write_bytes(file.read_bytes().replace(b'smollm', b'smallm'))
    with pytest.raises(ModelError, match='gpt2, smallm'):
        Tokens(path)


# The real model


@pytest.fixture(scope='module')
def real() -> Path:
    from robochat.mllm.smollm2 import packaged_model

    try:
        return packaged_model()
    except ModelError as error:
        pytest.skip(str(error))


WORDS = (
    '<|im_start|>user\nTom stands 1.5 m away, he looks sad; on the table are 2 cups and a book.'
    '\n 10 things to say:<|im_end|>\n<|im_start|>assistant\nGood morning, Tom! How are'
)


@pytest.mark.model
def test_the_real_model_reads_tokens_and_embeddings_as_torch_does(real: Path) -> None:
    from robochat.mllm.palm_e.torch_weights import load_lm

    lm = load_lm(real)
    tokens = Tokens(real).encode(WORDS)[:40]
    with torch.inference_mode():
        expected = lm(torch.tensor([tokens])).logits[0].numpy()
    decoder = llama(real)
    by_tokens = one_by_one(decoder, tokens)
    decoder.cut(0)
    by_vectors = np.stack([decoder.read_vectors(row[None]) for row in embeddings(lm, tokens)])
    decoder.close()
    for found in (by_tokens, by_vectors):
        assert alike(found, expected) > 0.99
        assert (found.argmax(-1) == expected.argmax(-1)).mean() >= 0.9


@pytest.mark.model
@pytest.mark.parametrize('special', [True, False])
def test_the_real_vocabulary_is_read_as_llama_cpp_does(real: Path, special: bool) -> None:
    from robochat.mllm.palm_e.llama_library import library

    call = library().call
    model = call.llama_model_load_from_file(str(real).encode(), call.llama_model_default_params())
    call.llama_tokenize.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32),
        *(ctypes.c_void_p, ctypes.c_int32, ctypes.c_bool, ctypes.c_bool),
    ]
    found = (ctypes.c_int32 * 500)()
    tokens, rng = Tokens(real), np.random.default_rng(6)
    parts = [*"aB123 .,'-_½é日🙂٣", ' ', '  ', '\n', '\t', "'ll", ' the', '<|im_end|>', '<|']
    texts = [WORDS, *(''.join(rng.choice(parts, 12)) for _ in range(300))]
    try:
        for text in texts:
            data = text.encode()
            vocabulary = call.llama_model_get_vocab(model)
            count = call.llama_tokenize(
                vocabulary, data, len(data), found, len(found), False, special
            )
            assert tokens.encode(text, special) == tuple(found[:count]), repr(text)
    finally:
        call.llama_model_free(model)
