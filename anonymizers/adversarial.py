"""What PriCheXy-Net and Privacy-Net share: a generator network that is trained against the guidance."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from privbench.base.errors import PrivbenchError
from privbench.base.params import Params
from privbench.learning.weights import weights_digest
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from privbench.data.splits import Split
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance
    from privbench.learning.transfer import Transfer


class AdversarialParams(Params):
    """The published recipe (PriCheXy-Net paper, section 3.1)."""

    pretrain_epochs: int = Field(200, ge=1, description="epochs of reconstruction (mean squared error)")
    epochs: int = Field(250, ge=1, description="epochs against the guidance")
    batch_size: int = Field(64, ge=2, description="images (pairs, against the guidance) a step")
    pretrain_learning_rate: float = Field(1e-4, gt=0, description="Adam's step size in the reconstruction")
    learning_rate: float = Field(1e-4, gt=0, description="Adam's step size for generator and verifier")
    classifier_learning_rate: float = Field(1e-4, gt=0, description="SGD's step size for the classifier")
    weights_file: Path | None = Field(
        None, exclude=True, description="a generator that was learnt elsewhere: it is applied, and nothing is trained"
    )


class AdversarialAnonymizer(Anonymizer):
    """An anonymizer whose generator network learns to deceive the verifier and to please the classifier."""

    deterministic = True
    needs_findings = True
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
        file = self.params.weights_file
        return {} if file is None else {"weights": weights_digest(file)}

    def transfer(self, findings: int) -> Transfer:
        from privbench.learning.transfer import transfer

        return transfer(self.generator, self.params.weights_file)

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        from privbench.learning.generators import global_seed

        from .adversarial_training import deceive, reconstruct

        with global_seed(ctx.derive("generator")):
            self.generator = self.build().to(ctx.device)
        if not self.learns:
            self.transfer(len(train.findings))
            return
        reconstruct(self, train, val, ctx)
        deceive(self, train, val, guidance, ctx)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        self.generator.eval()
        return self.apply(self.generator(images).float(), images)

    def state(self) -> dict[str, Tensor]:
        return self.generator.state_dict()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self.generator.load_state_dict(state)
        self.generator.to(device)
