"""What a node is made of, loaded once: skills, persona, perception, model, phrase bank."""

from __future__ import annotations

from dataclasses import dataclass

from robochat.config import Config
from robochat.mllm.phrases import Phrases
from robochat.mllm.protocol import Mllm, ModelError
from robochat.mllm.registry import load_model, UnknownModelError
from robochat.perception.networks import WeightsError
from robochat.perception.perceiver import Perceiver
from robochat.persona import load_persona, Persona
from robochat.plan.skills import load_skills
from robochat.plan.table import SkillTable
from robochat.resources import MissingFileError, named_file
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
        """Load all parts; what can't be loaded and can be done without becomes a warning.

        Without its eyes the robot still hears, and lives on other nodes' estimates; without its
        model it has the phrase bank. Raises the named errors of skill file and persona.
        """
        warnings: list[str] = []
        table = load_skills(named_file(config.plan.skills, 'config/skills'))
        persona = load_persona(config.dialogue.persona)
        perceiver = _eyes(config, warnings)
        phrases = Phrases(persona, config.model.seed)
        model = _model(config, persona, table, phrases, warnings)
        return cls(
            perceiver=perceiver,
            persona=persona,
            table=table,
            model=model,
            phrases=phrases,
            responder=Responder(config, persona, table, model, phrases),
            warnings=tuple(warnings),
        )

    @property
    def model_name(self) -> str:
        """Name of the model that answers."""
        return self.model.name

    @property
    def model_is_warm(self) -> bool:
        """Whether the model has read what it can read beforehand; models may offer to tell."""
        wait = getattr(self.model, 'wait_until_warm', None)
        return wait is None or bool(wait(0.0))

    def close(self) -> None:
        """Free the models."""
        self.model.close()
        self.phrases.close()


def _eyes(config: Config, warnings: list[str]) -> Perceiver | None:
    """Load perception, if it is wanted and its weights are there."""
    if not config.perception.enabled:
        return None
    try:
        perceiver = Perceiver(config)
    except (MissingFileError, WeightsError, ImportError) as error:
        warnings.append(f'perception is off: {error}')
        return None
    warnings += perceiver.warnings
    return perceiver


def _model(
    config: Config, persona: Persona, table: SkillTable, phrases: Mllm, warnings: list[str]
) -> Mllm:
    """Load the model; an unknown name is an error, a model that can't be loaded a warning."""
    if config.model.backend == 'phrases':
        return phrases
    try:
        model = load_model(config.model, persona)
        if config.model.warm_up and (warm_up := getattr(model, 'warm_up', None)):
            warm_up(table)
        return model
    except UnknownModelError:
        raise
    except ModelError as error:
        warnings.append(f'the phrase bank speaks: {error}')
        return phrases
