"""Trainings as one would write them plainly, which privbench's own are held against.

float32 as torch has it, images in rows of pixels, a DataLoader in the same process that reads and varies one image (or
pair) at a time, both images of a pair embedded each by itself, torch's own optimizer, and a loss that is looked at
after every step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import timm
import torch
from privbench.anonymizers.flow_field import FlowFieldUNet, deform
from privbench.attacks.recipes import DistillationParams, RestorerRecipe
from privbench.attacks.restorer import Restorer
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from privbench.data.splits import Split
from privbench.learning.augmentation import augment
from privbench.learning.contrastive import contrastive_loss
from privbench.learning.recipes import Augmentation, Backbone, ClassifierRecipe, EmbedderRecipe, VerifierRecipe
from privbench.learning.verifier import crossed_loss

_MEAN, _STD = (torch.tensor(three).view(3, 1, 1) for three in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
_WARM = 2  # steps that are not timed: the first ones choose kernels

Step = Callable[..., Tensor]


class Items(Dataset):  # type: ignore[type-arg]
    """Rows of several images each, read one after the other, with what is told beside them."""

    def __init__(
        self,
        images: np.ndarray,
        rows: np.ndarray,
        told: np.ndarray,
        side: int | None,
        vary: Augmentation | None,
        varied: int = 2,
    ) -> None:
        """Of an item, so many of the first images are varied.

        Shape: images (N, 1, H, W), uint8; rows (n, images an item), int; told (n, …), float.
        """
        self._images, self._rows, self._told, self._side = images, rows, told, side
        self._vary, self._varied = vary, varied
        self._noise = torch.Generator().manual_seed(0)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> tuple[Tensor, ...]:
        images = (self._image(number, place < self._varied) for place, number in enumerate(self._rows[row]))
        return *images, torch.as_tensor(self._told[row])

    def _image(self, number: int, varied: bool) -> Tensor:
        image = torch.from_numpy(self._images[number].copy()).float() / 255
        if self._vary is not None and varied:
            image = augment(image[None], self._vary, self._noise)[0]
        return seen(image[None], self._side)[0] if self._side != 0 else image


def seen(images: Tensor, side: int | None) -> Tensor:
    """Grey images as a backbone sees them. Shape: (N, 1, H, W), float in [0, 1], to (N, 3, side, side)."""
    if side is not None and images.shape[-1] != side:
        images = functional.interpolate(images, (side, side), mode="bilinear", align_corners=False, antialias=True)
    return (images - _MEAN.to(images.device)) / _STD.to(images.device)


def backbone(recipe: Backbone, outputs: int, device: str) -> Any:
    return timm.create_model(recipe.backbone, num_classes=outputs, in_chans=3, **recipe.options).to(device)


class PlainVerifier(nn.Module):
    """The siamese network, which embeds both images each by itself."""

    def __init__(self, recipe: VerifierRecipe, device: str) -> None:
        super().__init__()
        self.model, self.end = backbone(recipe, recipe.features, device), nn.Linear(recipe.features, 1).to(device)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.compared(*(torch.sigmoid(self.model(images)) for images in (first, second)))

    def compared(self, one: Tensor, other: Tensor) -> Tensor:
        return self.end((one - other).abs()).squeeze(-1)


def of_pairs(split: Split, recipe: VerifierRecipe, device: str, seconds: float) -> float:
    """The paper's attack, in pairs a second."""
    network = PlainVerifier(recipe, device).train()
    step = _stepping(network, recipe.learning_rate, lambda one, other, told: _entropy(network(one, other), told))
    return _rate(_pairs(split, recipe.input_size), recipe.batch_size, step, device, seconds)


def of_patients(split: Split, recipe: EmbedderRecipe, device: str, seconds: float) -> float:
    """Metric learning on two images each of as many patients, in images a second."""
    network = backbone(recipe, recipe.features, device).train()
    items = _two_of_each(split, recipe.input_size, recipe.augmentation)

    def loss(one: Tensor, other: Tensor, _: Tensor) -> Tensor:
        points = (functional.normalize(network(images), dim=1) for images in (one, other))
        return contrastive_loss(*points, recipe.temperature)

    return 2 * _rate(items, recipe.batch_size, _stepping(network, recipe.learning_rate, loss), device, seconds)


def of_crossed_patients(split: Split, recipe: VerifierRecipe, device: str, seconds: float) -> float:
    """The verifier that compares each one's first image with each one's second, in images a second."""
    network = PlainVerifier(recipe, device).train()
    items = _two_of_each(split, recipe.input_size, recipe.augmentation)

    def loss(one: Tensor, other: Tensor, _: Tensor) -> Tensor:
        first, second = (torch.sigmoid(network.model(images)) for images in (one, other))
        return crossed_loss(network.compared(first[:, None], second))

    return 2 * _rate(items, recipe.batch_size, _stepping(network, recipe.learning_rate, loss), device, seconds)


def of_a_student(split: Split, recipe: DistillationParams, device: str, seconds: float) -> float:
    """A student of releases beside a teacher who reads an original of each patient, in releases a second."""
    teacher, student = (backbone(recipe, recipe.features, device) for _ in range(2))
    teacher.eval()
    items = _two_of_each(split, recipe.input_size, recipe.augmentation, varied=1)

    def loss(release: Tensor, original: Tensor, _: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = functional.normalize(teacher(original), dim=1)
        reached = functional.normalize(student(release), dim=1)
        own = torch.arange(len(reached), device=reached.device)
        return functional.cross_entropy(reached @ wanted.T / recipe.temperature, own)

    return _rate(items, recipe.batch_size, _stepping(student.train(), recipe.learning_rate, loss), device, seconds)


def of_restored_images(split: Split, recipe: RestorerRecipe, device: str, seconds: float) -> float:
    """The U-Net that turns releases, which are registered already, into originals, in images a second."""
    network = Restorer(recipe.width).to(device, memory_format=torch.contiguous_format).train()
    rows = np.arange(len(split.images))[:, None].repeat(2, 1)
    items = Items(split.images, rows, np.zeros(len(rows)), 0, None)
    step = _stepping(network, recipe.learning_rate, lambda one, other, _: functional.mse_loss(network(one), other))
    return _rate(items, recipe.batch_size, step, device, seconds)


def of_findings(split: Split, recipe: ClassifierRecipe, device: str, seconds: float) -> float:
    """The classifier, in images a second."""
    network = backbone(recipe, len(split.findings), device).train()
    rows = np.arange(len(split.images))[:, None]
    items = Items(split.images, rows, split.labels, recipe.input_size, recipe.augmentation)
    step = _stepping(network, recipe.learning_rate, lambda images, told: _entropy(network(images), told))
    return _rate(items, recipe.batch_size, step, device, seconds)


def of_a_game(
    split: Split, params: Any, reads: ClassifierRecipe, links: VerifierRecipe, device: str, seconds: float
) -> float:
    """PriCheXy-Net against classifier and verifier (paper, Eqs. 4 to 6), in pairs a second."""
    generator = FlowFieldUNet(init_features=params.init_features).to(device, memory_format=torch.contiguous_format)
    classifier, verifier = backbone(reads, len(split.findings), device), PlainVerifier(links, device)
    moves = torch.optim.Adam(generator.parameters(), params.learning_rate)
    learns = torch.optim.SGD(classifier.parameters(), params.classifier_learning_rate, 0.9, weight_decay=1e-4)
    hunts = torch.optim.Adam(verifier.parameters(), params.learning_rate)
    judges, labels = (classifier, verifier), torch.from_numpy(split.labels)

    def moved(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def step(probes: Tensor, references: Tensor, mated: Tensor, rows: Tensor) -> Tensor:
        told = labels[rows.long().cpu()].to(probes.device)
        sought = seen(references, links.input_size)
        for judge in judges:
            judge.eval().requires_grad_(False)
        released = deform(probes, generator(probes), params.mu)
        loss = _entropy(classifier(seen(released, reads.input_size)), told)
        loss = loss + functional.softplus(verifier(seen(released, links.input_size), sought)).mean()
        moved(moves, loss)
        released = released.detach()
        for judge in judges:
            judge.train().requires_grad_(True)
        moved(learns, _entropy(classifier(seen(released, reads.input_size)), told))
        moved(hunts, _entropy(verifier(seen(released, links.input_size), sought), mated))
        return loss

    def called(probes: Tensor, references: Tensor, both: Tensor) -> Tensor:
        return step(probes, references, both[:, 0], both[:, 1])

    pairs = split.pairs
    told = np.stack([pairs.mated, pairs.probe], 1).astype(np.float32)
    items = Items(split.images, np.stack([pairs.probe, pairs.reference], 1), told, 0, None)
    return _rate(items, params.batch_size, called, device, seconds)


def _pairs(split: Split, side: int | None) -> Items:
    pairs = split.pairs
    rows = np.stack([pairs.probe, pairs.reference], 1)
    return Items(split.images, rows, pairs.mated.astype(np.float32), side, None)


def _two_of_each(split: Split, side: int | None, vary: Augmentation | None, varied: int = 2) -> Items:
    """The first and the last image of each patient."""
    two = np.array([rows[[0, -1]] for rows in split.table.groupby("patient").indices.values()])
    return Items(split.images, two, np.zeros(len(two)), side, vary, varied)


def _entropy(logits: Tensor, told: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, told)


def _stepping(network: nn.Module, rate: float, loss_of: Step) -> Step:
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)

    def step(*batch: Tensor) -> Tensor:
        loss = loss_of(*batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def _rate(items: Items, size: int, step: Step, device: str, seconds: float) -> float:
    """Items a second, of at least one step after those that warm up; whole batches alone."""
    size = min(size, len(items))
    loader = DataLoader(items, batch_size=size, shuffle=True, drop_last=True)

    def endless() -> Iterator[list[Tensor]]:
        while True:
            yield from loader

    done, begun = -_WARM, time.perf_counter()
    for batch in endless():
        step(*(part.to(device) for part in batch)).item()
        done += 1
        if done == 0:
            begun = time.perf_counter()
        elif done > 0 and time.perf_counter() - begun >= seconds:
            break
    return done * size / (time.perf_counter() - begun)
