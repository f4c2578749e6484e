"""The torch runtime: any Hugging Face language model with what was trained for it."""

from __future__ import annotations

from robochat.mllm.palm_e.network import load_lm, PalmE
from robochat.mllm.palm_e.torch_decoder import TorchDecoder
from robochat.mllm.palm_e.weights import Weights
from robochat.settings import ModelSettings


def torch_decoder(weights: Weights, settings: ModelSettings) -> TorchDecoder:
    """Load the language model of the weights and apply what was trained.

    Raises ModelError when its folder is missing, WeightsError when the weights don't fit it.
    """
    lm, _ = load_lm(weights.config.lm)
    network = PalmE(lm, weights.config)
    network.restore(weights.tensors)
    network.eval()
    return TorchDecoder(network.lm, threads=settings.threads, context=settings.context_tokens)
