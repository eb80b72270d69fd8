"""The torch encoder and pooling: exact under padding, and direction matters."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from torch import Tensor, nn  # noqa: E402

from nlp_rnn.batch import pad  # noqa: E402
from nlp_rnn.config import POOLINGS, ModelConfig  # noqa: E402
from nlp_rnn.nn.classifier import BiLSTMClassifier  # noqa: E402
from nlp_rnn.nn.encoder import RecurrentEncoder, in_place, locked_dropout, reverse_index  # noqa: E402
from nlp_rnn.nn.pooling import Pooling  # noqa: E402

LENGTHS = (4, 1, 7, 3)
TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def config(**changes: object) -> ModelConfig:
    sizes = {"vocab_size": 11, "num_classes": 3, "embedding_dim": 5, "hidden_size": 4}
    return ModelConfig(**(sizes | changes))


def rows(*, padding: float = 0.0) -> tuple[Tensor, Tensor]:
    """Embedded rows (B, T, E), ``padding`` behind each end, and their lengths."""
    x_BTE = torch.randn(len(LENGTHS), max(LENGTHS), 5, generator=torch.Generator().manual_seed(0))
    for b, length in enumerate(LENGTHS):
        x_BTE[b, length:] = padding
    return x_BTE, torch.tensor(LENGTHS)


def perturbed(module: nn.Module) -> nn.Module:
    """Every weight moved a little, so that no bias or norm is at a value that hides a mistake."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in module.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=generator)
    return module.eval()


@pytest.mark.parametrize("cell", TORCH)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_equals_torchs_own_layer_on_each_row_alone(cell: str, num_layers: int, bidirectional: bool) -> None:
    encoder = perturbed(
        RecurrentEncoder(config(cell=cell, num_layers=num_layers, bidirectional=bidirectional))
    )
    reference = TORCH[cell](5, 4, num_layers, batch_first=True, bidirectional=bidirectional)
    state = {}
    for layer in range(num_layers):
        for direction, suffix in (("fwd", ""), ("bwd", "_reverse"))[: 1 + bidirectional]:
            for name, weight in encoder.layers[layer][direction].named_parameters():
                state[name.replace("_l0", f"_l{layer}{suffix}")] = weight.detach()
    reference.load_state_dict(state)
    x_BTE, lengths_B = rows(padding=99.0)
    with torch.no_grad():
        outputs_BTD = encoder(x_BTE, lengths_B)
        for b, length in enumerate(LENGTHS):
            expected_1TD, _ = reference(x_BTE[b : b + 1, :length])
            torch.testing.assert_close(outputs_BTD[b, :length], expected_1TD[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layer_norm", [True, False])
def test_padding_never_moves_an_answer(pooling: str, layer_norm: bool) -> None:
    model = perturbed(BiLSTMClassifier(config(pooling=pooling, layer_norm=layer_norm, num_layers=2)))
    with torch.no_grad():
        quiet, loud = (model.head(*rows(padding=padding)) for padding in (0.0, 1e3))
        torch.testing.assert_close(quiet, loud, rtol=0, atol=0)
        x_BTE, lengths_B = rows()
        for b, length in enumerate(LENGTHS):
            alone = model.head(x_BTE[b : b + 1, :length], lengths_B[b : b + 1])
            torch.testing.assert_close(quiet[b : b + 1], alone, rtol=0, atol=1e-5)


def test_no_gradient_reaches_the_padding() -> None:
    model = perturbed(BiLSTMClassifier(config(pooling="attention")))
    x_BTE, lengths_B = rows()
    model.head(x_BTE.requires_grad_(), lengths_B).square().sum().backward()
    assert x_BTE.grad is not None
    for b, length in enumerate(LENGTHS):
        assert x_BTE.grad[b, :length].abs().sum(-1).min() > 0
        assert x_BTE.grad[b, length:].abs().sum() == 0


def test_the_last_word_moves_the_backward_state_at_the_first_and_not_the_forward_one() -> None:
    # A library's bidirectional layer once reversed with [::1], which reverses nothing; no test noticed.
    encoder = perturbed(RecurrentEncoder(config()))
    x_BTE, lengths_B = rows()
    changed_BTE = x_BTE.clone()
    for b, length in enumerate(LENGTHS):
        changed_BTE[b, length - 1] += 1
    with torch.no_grad():
        moved_BTD = (encoder(changed_BTE, lengths_B) - encoder(x_BTE, lengths_B)).abs()
    for b in (0, 2, 3):
        assert moved_BTD[b, 0, :4].max() == 0
        assert moved_BTD[b, 0, 4:].min() > 0


def test_reversing_twice_is_nothing() -> None:
    reverse_BT = reverse_index(torch.tensor(LENGTHS), max(LENGTHS))
    assert reverse_BT[0].tolist() == [3, 2, 1, 0, 4, 5, 6]
    assert torch.equal(reverse_BT.gather(1, reverse_BT), torch.arange(max(LENGTHS)).expand(4, -1))


def as_read(outputs_BTD: torch.Tensor, lengths_B: torch.Tensor) -> list[torch.Tensor]:
    """Each direction's half of outputs that stand in place, in the order in which it read."""
    forward_BTH, backward_BTH = outputs_BTD.chunk(2, dim=-1)
    return [forward_BTH, in_place([forward_BTH, backward_BTH], lengths_B).chunk(2, dim=-1)[1]]


def test_pooling_by_hand() -> None:
    outputs_BTD, lengths_B = rows(padding=50.0)
    outputs_BTD = outputs_BTD[..., :4]  # two units forward, two backward
    for kind in ("last", "mean", "max", "mean+max"):
        pooling = Pooling(config(pooling=kind, hidden_size=2))
        pooled_BP = pooling(as_read(outputs_BTD, lengths_B), lengths_B)
        for b, length in enumerate(LENGTHS):
            own_TD = outputs_BTD[b, :length]
            mean, largest = own_TD.mean(0), own_TD.max(0).values
            last = torch.cat([own_TD[-1, :2], own_TD[0, 2:]])
            expected = {"last": last, "mean": mean, "max": largest, "mean+max": torch.cat([mean, largest])}[
                kind
            ]
            torch.testing.assert_close(pooled_BP[b], expected)


def test_attention_is_a_weighted_mean_that_prefers_what_its_query_likes() -> None:
    pooling = Pooling(config(pooling="attention", hidden_size=2))
    with torch.no_grad():
        pooling.proj.weight.copy_(torch.eye(4))
        pooling.proj.bias.zero_()
        pooling.query.weight.copy_(torch.tensor([[200.0, 0, 0, 0]]))
    outputs_1TD = torch.tensor([[[0.1, 1, 2, 3], [0.9, 4, 5, 6], [0.2, 7, 8, 9], [9.0, 9, 9, 9]]])
    lengths_1 = torch.tensor([3])
    outputs = as_read(outputs_1TD, lengths_1)
    torch.testing.assert_close(pooling(outputs, lengths_1), outputs_1TD[:, 1])
    with torch.no_grad():
        pooling.query.weight.zero_()
    torch.testing.assert_close(pooling(outputs, lengths_1), outputs_1TD[:, :3].mean(1))


def test_the_maximum_s_gradient_goes_to_the_step_that_has_it() -> None:
    outputs_1TH = torch.tensor([[[1.0, 5.0], [3.0, 2.0], [9.0, 9.0]]], requires_grad=True)
    pooling = Pooling(config(pooling="max", hidden_size=2, bidirectional=False))
    (pooling([outputs_1TH], torch.tensor([2])) * torch.tensor([[10.0, 20.0]])).sum().backward()
    assert outputs_1TH.grad is not None
    assert outputs_1TH.grad.tolist() == [[[0, 20], [10, 0], [0, 0]]]


def test_dropout_is_for_training_and_locked_over_time() -> None:
    torch.manual_seed(0)
    dropped_BTE = locked_dropout(torch.ones(3, 6, 40), 0.5, training=True)
    assert set(dropped_BTE.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped_BTE, dropped_BTE[:, :1].expand(-1, 6, -1))
    batch = pad([[2, 3, 4], [5, 6]], pad_id=0)
    for dropout in ("embedding_dropout", "dropout", "weight_dropout", "unk_dropout"):
        model = BiLSTMClassifier(config(num_layers=2), **{dropout: 0.6})
        model.train()
        answers = {tuple(model(batch).detach().flatten().tolist()) for _ in range(8)}
        assert len(answers) > 1, dropout
        model.eval()
        assert torch.equal(model(batch), model(batch))
        plain = BiLSTMClassifier(config(num_layers=2)).eval()
        plain.load_state_dict(model.state_dict())
        assert torch.equal(model(batch), plain(batch))


def test_initial_weights() -> None:
    encoder = RecurrentEncoder(config(hidden_size=6))
    layer = encoder.layers[0]["bwd"]
    for gate in layer.weight_hh_l0.split(6):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), rtol=0, atol=1e-5)
    assert np.array_equal(
        (layer.bias_ih_l0 + layer.bias_hh_l0).detach().numpy(), np.repeat([0, 1, 0, 0], 6).astype(np.float32)
    )
