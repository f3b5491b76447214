"""What PriCheXy-Net and Privacy-Net share: a generator network that is trained against the guidance."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from privbench.base.errors import PrivbenchError
from privbench.base.params import Params
from privbench.learning.recipes import EmbedderRecipe
from privbench.learning.weights import weights_digest, weights_source
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from privbench.data.splits import Split
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance
    from privbench.learning.transfer import Transfer

    from .adversaries import Adversary


class AdversarialParams(Params):
    """The published recipe (PriCheXy-Net paper, section 3.1)."""

    pretrain_epochs: int = Field(200, ge=1, description="epochs of reconstruction (mean squared error)")
    epochs: int = Field(250, ge=1, description="epochs against the guidance")
    batch_size: int = Field(64, ge=2, description="images (pairs, against the guidance) a step")
    pretrain_learning_rate: float = Field(1e-4, gt=0, description="Adam's step size in the reconstruction")
    learning_rate: float = Field(1e-4, gt=0, description="Adam's step size for generator and verifier")
    classifier_learning_rate: float = Field(1e-4, gt=0, description="SGD's step size for the classifier")
    adversary: Literal["paper", "informed"] = Field(
        "paper",
        description="whom the generator learns to deceive: the paper's verifier of pairs, or an embedder of the "
        "publisher's own that looks for a release's patient among originals of others, and learns along",
    )
    embedder: EmbedderRecipe | None = Field(None, description="the network of the informed adversary")
    weights_file: Path | None = Field(
        None, exclude=True, description="a generator that was learnt elsewhere: it is applied, and nothing is trained"
    )

    @model_validator(mode="after")
    def _knows_its_adversary(self) -> AdversarialParams:
        if self.adversary == "informed" and self.embedder is None:
            raise ValueError(
                "adversary = informed needs the recipe of its embedder: set embedder, as protocol quick does"
            )
        if self.embedder is not None and (self.embedder.weights_file is not None or self.embedder.init == "guidance"):
            raise ValueError(
                "the adversary's embedder is the publisher's own: leave out its weights_file, and set init = scratch "
                "or imagenet"
            )
        return self

    @model_serializer(mode="wrap")
    def _told(self, told: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An adversary whom nobody asked for decides nothing, and stands in no key and no record."""
        values: dict[str, Any] = told(self)
        if self.adversary == "paper":
            values = {name: value for name, value in values.items() if name not in ("adversary", "embedder")}
        return values


class AdversarialAnonymizer(Anonymizer):
    """An anonymizer whose generator network learns to deceive the verifier and to please the classifier."""

    deterministic = True
    needs_findings = True
    needs_patients = True
    size_multiple: ClassVar[int]
    """The image's side must be a multiple of this: the generator halves it that often."""

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.generator = self.build()

    @abstractmethod
    def build(self) -> nn.Module:
        """The generator network."""

    @abstractmethod
    def apply(self, output: Tensor, images: Tensor) -> Tensor:
        """The anonymized images made of the generator's output. Shape: (N, 1, H, W), float in [0, 1]."""

    def check_size(self, size: int) -> None:
        if size % self.size_multiple:
            raise PrivbenchError(
                f"{self.name} needs images whose side is a multiple of {self.size_multiple}, not {size}: set data.size."
            )

    @property
    def learns(self) -> bool:
        return self.params.weights_file is None

    def inputs(self) -> dict[str, str]:
        file, embedder = self.params.weights_file, self.params.embedder
        if file is not None:
            return {"weights": weights_digest(file)}
        return {"embedder": weights_source(embedder)} if self.params.adversary == "informed" else {}

    def transfer(self, findings: int) -> Transfer:
        from privbench.learning.transfer import transfer

        return transfer(self.generator, self.params.weights_file)

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        from privbench.learning.generators import global_seed

        from .adversarial_training import deceive, reconstruct
        from .adversaries import InformedTower, PaperVerifier

        with global_seed(ctx.derive("generator")):
            self.generator = self.build().to(ctx.device)
        if not self.learns:
            self.transfer(len(train.findings))
            return
        reconstruct(self, train, val, ctx)
        rate, recipe = self.params.learning_rate, self.params.embedder
        if self.params.adversary == "paper":
            adversary: Adversary = PaperVerifier(guidance, rate, ctx)
        else:
            adversary = InformedTower(recipe, train, val, rate, ctx)
        deceive(self, train, val, guidance, adversary, ctx)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        self.generator.eval()
        return self.apply(self.generator(images).float(), images)

    def state(self) -> dict[str, Tensor]:
        return self.generator.state_dict()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self.generator.load_state_dict(state)
        self.generator.to(device)
