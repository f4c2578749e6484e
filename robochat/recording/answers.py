"""Who answers in a replay where the recording has no words: the phrase bank, or the model."""

from __future__ import annotations

from robochat.config import Config
from robochat.mllm.phrases import Phrases
from robochat.mllm.registry import load_model
from robochat.persona import load_persona
from robochat.plan.skills import load_skills
from robochat.resources import named_file
from robochat.response import Responder


def responder_for(config: Config, *, with_model: bool = False) -> Responder:
    """Make one; raises the named errors of persona, skill file and model."""
    persona = load_persona(config.dialogue.persona)
    table = load_skills(named_file(config.plan.skills, 'config/skills'))
    phrases = Phrases(persona, config.model.seed)
    model = load_model(config.model, persona) if with_model else phrases
    return Responder(config, persona, table, model, phrases)
