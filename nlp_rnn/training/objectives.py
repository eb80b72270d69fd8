"""Objectives beside the cross-entropy: (virtual) adversarial, pairing, entropy minimisation, consistency.

A perturbation is a step of a given length from an embedded text, in units of the embedding's own spread.
That is Miyato et al.'s normalised embedding (2017, eq. 1) without changing the model: words that move apart
make the step longer, so they cannot outgrow it. Knows the classifier and its batches; knows no texts.

Shapes: B texts, T steps, E embedding, C classes, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nlp_rnn.batch import Batch
from nlp_rnn.nn.classifier import BiLSTMClassifier
from nlp_rnn.training.loop import seeded

_PROBE = 0.1  # length of the random step whose gradient points where the answer changes most


class Reading:
    """A batch that the classifier can read several times with the same dropout.

    Args:
        model: The classifier.
        batch: The batch that it reads.
        shares_V: Frequency of each word; they sum to 1.
    """

    def __init__(self, model: BiLSTMClassifier, batch: Batch, shares_V: Tensor) -> None:
        device = model.output.weight.device
        self.model = model
        self.lengths_B = torch.from_numpy(batch.lengths_B).to(device)
        self.x_BTE = model.embed(torch.from_numpy(batch.ids_BT).to(device))
        self.wide_BC = model.wide_logits(batch)
        weight_VE, shares_V = model.embedding.weight.detach(), shares_V.to(device)
        spread_E = shares_V @ weight_VE.square() - (shares_V @ weight_VE).square()
        self.scale_E = spread_E.clamp_min(1e-12).sqrt()
        self.seed = int(torch.randint(2**31, ()))

    def logits(self, step_BTE: Tensor | None = None, *, detached: bool = False) -> Tensor:
        """Return the logits of the batch, or of the embeddings a step away from it.

        Args:
            step_BTE: The step, in units of the embedding's spread.
            detached: If True, the embedding gets no gradient.

        Shape:
            (B, T, E) -> (B, C).
        """
        x_BTE = self.x_BTE.detach() if detached else self.x_BTE
        if step_BTE is not None:
            x_BTE = x_BTE + step_BTE * self.scale_E
        with seeded(self.seed):
            logits_BC: Tensor = self.model.head(x_BTE, self.lengths_B)
        return logits_BC + self.wide_BC

    def step(self, towards_BTE: Tensor, size: float) -> Tensor:
        """Return a step of each text of length ``size`` over all its words; padding stays where it is.

        Shape:
            (B, T, E) -> (B, T, E).
        """
        steps_T = torch.arange(towards_BTE.size(1), device=towards_BTE.device)
        towards_BTE = towards_BTE * (steps_T < self.lengths_B[:, None]).unsqueeze(-1)
        # the largest part first, so that squares of small gradients do not vanish
        towards_BTE = towards_BTE / towards_BTE.abs().amax(dim=(1, 2), keepdim=True).clamp_min(1e-30)
        lengths_B: Tensor = torch.linalg.vector_norm(towards_BTE, dim=(1, 2))
        return size * towards_BTE / lengths_B.clamp_min(1e-12)[:, None, None]


def adversarial(reading: Reading, loss_of: Callable[[Tensor], Tensor], *, size: float) -> Tensor:
    """Return the loss at the step that raises it most, to first order (Miyato et al. 2017, eq. 5 and 6).

    Args:
        reading: The labelled batch.
        loss_of: Mean loss of logits (B, C).
        size: Length of the step.
    """
    step_BTE = torch.zeros_like(reading.x_BTE, requires_grad=True)
    (gradient_BTE,) = torch.autograd.grad(loss_of(reading.logits(step_BTE, detached=True)), step_BTE)
    return loss_of(reading.logits(reading.step(gradient_BTE, size)))


def virtual_adversarial(reading: Reading, logits_BC: Tensor, *, size: float) -> Tensor:
    """Return the mean divergence of the answers at the step that changes them most; needs no labels.

    The direction is one power iteration from a random one (Miyato et al. 2017, eq. 7 and 8).

    Args:
        reading: The batch.
        logits_BC: The reading's own logits; no gradient goes into them.
        size: Length of the step.

    Returns:
        KL(answer || answer after the step) in nats, mean over the texts; at least 0.
    """
    answer_BC = logits_BC.detach().float().log_softmax(dim=1)
    probe_BTE = reading.step(torch.randn_like(reading.x_BTE), _PROBE).requires_grad_()
    moved = divergence(answer_BC, reading.logits(probe_BTE, detached=True))
    (gradient_BTE,) = torch.autograd.grad(moved, probe_BTE)
    return divergence(answer_BC, reading.logits(reading.step(gradient_BTE, size)))


def consistency(first_BC: Tensor, second_BC: Tensor) -> Tensor:
    """Return the divergence of two readings that differ in dropout (R-Drop, Liang et al. 2021, eq. 2).

    Args:
        first_BC: Logits of the one.
        second_BC: Logits of the other.
    """
    forth = divergence(first_BC.float().log_softmax(dim=1), second_BC)
    back = divergence(second_BC.float().log_softmax(dim=1), first_BC)
    return (forth + back) / 2


def pairing(model: BiLSTMClassifier, batch: Batch) -> Tensor:
    """Return the divergence of the answers to pairs that say the same, such as a text with other names in it.

    Both are read with the same masks of dropout, step by step, so that little but the texts moves the answer.

    Args:
        model: The classifier.
        batch: The first texts of all pairs, then their second texts in the same order.

    Source:
        Counterfactual logit pairing (Garg et al. 2019, section 4), the distance of logits replaced by the
        symmetric divergence of answers: the same step in the logits moves a sure answer less.
    """
    half, seed = len(batch.lengths_B) // 2, int(torch.randint(2**31, ()))
    logits = []
    for rows in (slice(None, half), slice(half, None)):
        with seeded(seed):
            logits.append(model(Batch(batch.ids_BT[rows], batch.lengths_B[rows], batch.rows_B[rows])))
    return consistency(*logits)


def divergence(answer_BC: Tensor, logits_BC: Tensor) -> Tensor:
    """Return KL(answer || softmax(logits)) in nats, mean over the texts.

    Args:
        answer_BC: Logarithms of probabilities.
        logits_BC: Logits.
    """
    return torch.nn.functional.kl_div(
        logits_BC.float().log_softmax(dim=1), answer_BC, log_target=True, reduction="batchmean"
    )


def entropy(logits_BC: Tensor) -> Tensor:
    """Return the mean entropy of the answers in nats (Grandvalet & Bengio 2004; Sachan et al. 2019)."""
    logs_BC = logits_BC.float().log_softmax(dim=1)
    return -(logs_BC.exp() * logs_BC).sum(dim=1).mean()
