"""What a node is made of, loaded once: skills, persona, perception, model, phrase bank."""

from __future__ import annotations

from dataclasses import dataclass

from robochat.config import Config
from robochat.mllm.protocol import Mllm
from robochat.mllm.registry import load_model
from robochat.perception.perceiver import Perceiver
from robochat.persona import load_persona, Persona
from robochat.plan.skills import load_skills
from robochat.plan.table import SkillTable
from robochat.resources import named_file
from robochat.response import Responder


@dataclass(frozen=True)
class Assembly:
    """Everything that takes time to load."""

    perceiver: Perceiver | None
    persona: Persona
    table: SkillTable
    model: Mllm
    phrases: Mllm
    responder: Responder
    warnings: tuple[str, ...] = ()

    @classmethod
    def load(cls, config: Config) -> Assembly:
        """Load all parts; raises the named errors of the part that can't be loaded."""
        table = load_skills(named_file(config.plan.skills, 'config/skills'))
        persona = load_persona(config.dialogue.persona)
        perceiver = Perceiver(config) if config.perception.enabled else None
        phrases = load_model(config.model, persona, backend='phrases')
        model = phrases if config.model.backend == 'phrases' else load_model(config.model, persona)
        return cls(
            perceiver=perceiver,
            persona=persona,
            table=table,
            model=model,
            phrases=phrases,
            responder=Responder(config, persona, table, model, phrases),
            warnings=perceiver.warnings if perceiver else (),
        )

    @property
    def model_name(self) -> str:
        """Name of the model that answers."""
        return self.model.name

    def close(self) -> None:
        """Free the models."""
        self.model.close()
        self.phrases.close()
