"""What a node is made of, loaded once: skills, persona, perception, model, phrase bank."""

from __future__ import annotations

from dataclasses import dataclass, field
import threading

from robochat.config import Config
from robochat.decision_model import DecisionModel, DecisionModelError
from robochat.learning.versions import model_in_use
from robochat.memory.people import people_memory, PeopleMemory
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
    decision_model: DecisionModel | None = None
    memory: PeopleMemory = field(default_factory=PeopleMemory)
    warnings: tuple[str, ...] = ()

    @classmethod
    def load(cls, config: Config) -> Assembly:
        """Load all parts; what can't be loaded and can be done without becomes a warning.

        Without its eyes the robot still hears, and lives on other nodes' estimates; without its
        model it has the phrase bank. Raises the named errors of skill file, persona
        and the memory's key.
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
            decision_model=_decision_model(config, warnings),
            memory=people_memory(config.memory),
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

    def close(self, within_sec: float | None = None) -> bool:
        """Write down what is still to be remembered, then free the models.

        A model in the middle of a prompt may take its time: it is left at that after `within_sec`,
        and false comes back.
        """
        self.memory.close()
        freeing = threading.Thread(target=self._free, name='robochat-free', daemon=True)
        freeing.start()
        freeing.join(within_sec)
        return not freeing.is_alive()

    def _free(self) -> None:
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


def _decision_model(config: Config, warnings: list[str]) -> DecisionModel | None:
    """Load the weights of the decision to speak; without them a rule decides."""
    try:
        model, warning = model_in_use(config.learning)
    except DecisionModelError as error:
        warnings.append(f'a rule decides when to speak: {error}')
        return None
    warnings += [warning] if warning else []
    return model


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
