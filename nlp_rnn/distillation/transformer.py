"""A transformer as teacher: fine-tuned on labelled texts, it labels those that nobody labelled.

A recurrent model that learns what a transformer answers gets better than one that learns labels alone (Tang
et al. 2019, "Distilling Task-Specific Knowledge from BERT into Simple Neural Networks"), most of all on texts
without labels. Knows the library ``transformers`` (extra ``teach``) and models built as BERT or MPNet are;
``fitting.py`` trains them, whole or by ``adapters.py``.

Shapes: N texts, B texts of a batch, T tokens, H hidden units, C classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import fingerprint
from nlp_rnn.batch import Ids, pad, plan
from nlp_rnn.classification.examples import Labelled
from nlp_rnn.config import LoopConfig, settings_of
from nlp_rnn.distillation import adapters
from nlp_rnn.distillation.cache import digest
from nlp_rnn.errors import ArtifactError, InputError, TrainingError, as_texts, require, whole_number
from nlp_rnn.hub import model_folder
from nlp_rnn.probabilities import softmax
from nlp_rnn.text.reading import Preparation

if TYPE_CHECKING:
    from nlp_rnn.training.loop import Progress

F32 = NDArray[np.float32]

_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
# One epoch does not overfit, and the random masks take a CPU as long as the rest of a step.
_NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
_LONGEST = 200  # tokens of a text; the rest is not read
_READ_TOKENS = 4_096  # in a batch
_WINDOW = 70  # words
_PREPARE = Preparation()
_LEAST_STEPS, _LEAST_BATCH, _MOST_EPOCHS = 100, 16, 20  # of a fine-tuning
_MOST_OTHER = 0.05  # share of texts that may get another answer in whole numbers


class TransformerClassifier:
    """A transformer that labels texts (extra ``teach``).

    It reads them as a student of the second reading does: without markup and the furniture of mails, with one
    spelling of each rating and emoticon. Where its vocabulary has no emoji, it reads their names: *smiling
    face with heart-eyes*.

    Args:
        model: One of the library ``transformers``, for sequence classification.
        tokenizer: Its own.
        classes: Names of its outputs, in their order.
        fingerprint: A short name of its weights, under which its answers are kept.

    Attributes:
        classes_: The names of the classes, as columns of the answers.
    """

    def __init__(self, model: Any, tokenizer: Any, classes: Sequence[str], fingerprint: str = "") -> None:
        self.model, self.tokenizer, self.fingerprint = model, tokenizer, fingerprint
        self.classes_: NDArray[np.str_] = np.array(list(classes))
        self._settings: dict[str, Any] = {}
        self._names_emoji = tokenizer.unk_token_id in tokenizer("\N{GRINNING FACE}")["input_ids"]

    @classmethod
    def from_pretrained(
        cls, source: str | Path, *, classes: Sequence[str] | None = None, seed: int = 0
    ) -> TransformerClassifier:
        """Load one from a folder, or from a repository of the Hugging Face Hub.

        Args:
            source: The folder or the repository's id; an encoder alone gets a new head, which ``fit`` trains.
            classes: Names of the outputs, in their order; None for those that the folder names.
            seed: Draws the weights of a new head.

        Raises:
            ArtifactError: If there is no such model, none built as BERT is, or its head has another number of
                classes.
            MissingExtraError: If the extra is not installed.
        """
        transformers = require("transformers", extra="teach")
        require("accelerate", extra="teach")
        from nlp_rnn.training.loop import seeded

        folder = model_folder(source, files=_FILES)
        if not folder.is_dir():
            raise ArtifactError(f"there is no folder {source}: give a transformer's, or an id of the Hub")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
            if classes is not None:
                config.id2label = dict(enumerate(classes))
                config.label2id = {name: column for column, name in enumerate(classes)}
            config.update(_NO_DROPOUT)
            with seeded(whole_number("seed", seed, 0)):
                model = transformers.AutoModelForSequenceClassification.from_pretrained(
                    folder, config=config, local_files_only=True
                )
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ArtifactError(f"{source} holds no transformer that can be fine-tuned: {reason}") from None
        if not hasattr(getattr(model.base_model, "encoder", None), "layer") or not hasattr(
            model, "classifier"
        ):
            raise ArtifactError(
                f"{source} is a {model.config.model_type}: give one that is built as BERT or MPNet"
            )
        names = [model.config.id2label[column] for column in range(model.config.num_labels)]
        return cls(model, tokenizer, names, fingerprint(folder))

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write a folder that ``from_pretrained`` reads, whole or not at all.

        Raises:
            ArtifactError: If there is something in that place already.
        """
        folder = Path(folder)
        if folder.exists():
            raise ArtifactError(f"{folder} is there already: name another folder, or delete it")
        partial = folder.with_name(folder.name + ".partial")
        self.model.save_pretrained(partial)
        self.tokenizer.save_pretrained(partial)
        saved = partial.rename(folder)
        self.fingerprint = fingerprint(saved)
        return saved

    def with_adapters(
        self, source: str | Path | None = None, *, rank: int = 16, first_layer: int = 0, seed: int = 0
    ) -> TransformerClassifier:
        """Put low-rank adapters into this transformer; ``fit`` then trains them and the head alone.

        Args:
            source: A folder that ``save_adapters`` wrote, for adapters that were taught; None for new ones.
            rank: Of new adapters.
            first_layer: The lowest layer that gets new ones, from 0.
            seed: Draws new ones.

        Returns:
            Self.

        Raises:
            ArtifactError: If the folder's adapters cannot be read, do not fit, or were taught on another one.
            ConfigError: If rank or layer is outside its range.
            MissingExtraError: If the extra is not installed.
        """
        start = self.fingerprint
        if source is None:
            self._settings = {"start": start, "rank": rank, "first_layer": first_layer}
            adapters.add_adapters(self.model, rank=rank, first_layer=first_layer, seed=seed)
            return self
        found = adapters.read_settings(Path(source))
        if found.get("start") != start:
            raise ArtifactError(f"the adapters in {source} were taught on another transformer: give that one")
        self._settings = {name: found[name] for name in ("start", "rank", "first_layer")}
        adapters.load_adapters(self.model, Path(source), rank=found["rank"], first_layer=found["first_layer"])
        self.fingerprint = found["fingerprint"]
        return self

    def save_adapters(self, folder: str | Path) -> Path:
        """Write the adapters and the head, 16-bit numbers, into a folder for ``with_adapters``.

        Raises:
            ArtifactError: If there are none.
        """
        if not self._settings:
            raise ArtifactError("this transformer has no adapters to save: use save_pretrained")
        settings = self._settings | {"fingerprint": self.fingerprint, "classes": self.classes_.tolist()}
        adapters.save_adapters(self.model, Path(folder), settings)
        return Path(folder)

    def merged(self) -> TransformerClassifier:
        """Merge the adapters into the matrices beside them, in place; return self."""
        adapters.merge_adapters(self.model)
        self._settings = {}
        return self

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        *,
        validation: Mapping[str, Labelled],
        config: LoopConfig | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> TransformerClassifier:
        """Fine-tune on labelled texts, from the present weights; return self.

        Args:
            texts: Training texts; of each 200 tokens are read (``crop_texts`` cuts long ones).
            labels: The class of each.
            validation: Held-out texts and labels by name; the best epoch is the one of the best mean of their
                macro recalls.
            config: How to train; None for ``default_config`` of so many texts.
            output: Folder for checkpoints and ``history.jsonl``.
            resume: Go on from the folder's newest checkpoint.
            progress: Called after each step.

        Raises:
            InputError: If there is nothing to learn or to validate on, texts and labels do not fit together,
                or a label is none of the classes.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require("torch", extra="teach")
        require("accelerate", extra="teach")
        from nlp_rnn.distillation import fitting

        texts = as_texts(texts)
        if not texts or len(texts) != len(labels) or not validation:
            raise InputError(
                f"give texts, a label for each, and sets to validate on; got {len(texts)} texts, "
                f"{len(labels)} labels and {len(validation)} sets"
            )
        self.fingerprint = fitting.fit(
            self,
            (texts, labels),
            validation,
            default_config(rows=len(texts)) if config is None else settings_of(LoopConfig, config),
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        return self

    def read(self, texts: Sequence[str]) -> tuple[F32, F32]:
        """Return the logits of texts, and the features of each (the head's input).

        Shape:
            (N, C) and (N, H).
        """
        torch = require("torch", extra="teach")
        rows = self.rows(texts)
        logits_NC = np.empty((len(rows), len(self.classes_)), np.float32)
        pooled_NH = np.empty((len(rows), self.model.config.hidden_size), np.float32)
        has_pooler = getattr(self.model.base_model, "pooler", None) is not None
        self.model.eval()
        with torch.inference_mode():
            for which in plan([len(row) for row in rows], batch_tokens=_READ_TOKENS):
                found = self.model.base_model(**self.batch(rows, which))
                hidden_BTH = found.last_hidden_state
                features = found.pooler_output if has_pooler else hidden_BTH
                logits_NC[which] = self.model.classifier(features).cpu()
                pooled_NH[which] = (features if has_pooler else hidden_BTH[:, 0]).cpu()
        return logits_NC, pooled_NH

    def predict_proba(self, texts: Sequence[str]) -> F32:
        """Return the probabilities of texts.

        Shape:
            (N, C), columns as ``classes_``.
        """
        return np.asarray(softmax(self.read(texts)[0]))

    def quantized(self, check: Sequence[str]) -> TransformerClassifier:
        """Return the same with most matrices in whole numbers: 1.5 times as fast, answers nearly the same.

        The second matrix of each feed-forward part stays as it is: a few of the numbers that it reads are far
        larger than all others, and one scale for all of them would leave nothing of these.

        Args:
            check: Texts on which the answers are compared.

        Raises:
            InputError: If there are none.
            TrainingError: If more than 5 % of them get another answer.
            MissingExtraError: If the extra is not installed.
        """
        torch = require("torch", extra="teach")
        if not check:
            raise InputError("give texts on which the answers of both are compared")
        quantization = torch.ao.quantization
        kept = {id(layer.output.dense) for layer in self.model.base_model.encoder.layer}
        small = self.with_model(
            quantization.quantize_dynamic(
                self.model,
                {
                    name: quantization.per_channel_dynamic_qconfig
                    for name, module in self.model.named_modules()
                    if isinstance(module, torch.nn.Linear)
                    and name.startswith(f"{self.model.base_model_prefix}.")
                    and id(module) not in kept
                },
            )
        )
        small.fingerprint = digest(self.fingerprint, "int8 rows")  # its answers are others: kept apart
        both = self.predict_proba(check).argmax(1), small.predict_proba(check).argmax(1)
        other = float((both[0] != both[1]).mean())
        if other > _MOST_OTHER:
            raise TrainingError(
                f"in whole numbers {other:.0%} of {len(check)} texts get another answer: use it as it is"
            )
        return small

    def with_model(self, model: Any) -> TransformerClassifier:
        """Return the same teacher around another model."""
        return TransformerClassifier(model, self.tokenizer, self.classes_.tolist(), self.fingerprint)

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as it is read, long ones cut."""
        texts = as_texts(texts)
        if not texts:
            return []
        prepared = [_PREPARE(text, keep_places=False).text for text in texts]
        if self._names_emoji:
            prepared = [_name_emoji(text) for text in prepared]
        found = self.tokenizer(prepared, truncation=True, max_length=_LONGEST)
        return [list(row) for row in found["input_ids"]]

    def batch(self, rows: Sequence[Sequence[int]], which: Ids) -> dict[str, Any]:
        """Return some rows as the model takes them, on its device.

        Shape:
            ``input_ids`` and ``attention_mask``: (B, T).
        """
        torch = require("torch", extra="teach")
        padded = pad(rows, pad_id=self.tokenizer.pad_token_id, which=which)
        ids_BT, lengths_B = torch.from_numpy(padded.ids_BT), torch.from_numpy(padded.lengths_B)
        mask_BT = (torch.arange(ids_BT.size(1)) < lengths_B[:, None]).long()
        device = self.model.device
        return {"input_ids": ids_BT.to(device), "attention_mask": mask_BT.to(device)}


def default_config(*, rows: int | None = None, seed: int = 0) -> LoopConfig:
    """Return how a small BERT is fine-tuned: one epoch, in 16-bit products where these are faster.

    Args:
        rows: Texts to learn from; few get smaller batches and more epochs, so that there are some steps.
        seed: Of the order.

    Raises:
        MissingExtraError: If torch is not installed.
    """
    size = 96
    while rows is not None and size > _LEAST_BATCH and rows < _LEAST_STEPS * size:
        size = max(_LEAST_BATCH, size // 2)
    epochs = 1 if rows is None else max(1, min(_MOST_EPOCHS, _LEAST_STEPS * size // max(1, rows)))
    return LoopConfig(
        max_epochs=epochs,
        batch_size=size,
        learning_rate=8e-5,
        ema_decay=0.0,
        precision="bf16" if _has_bf16() else "no",
        checkpoint_every=500,
        seed=seed,
    )


def crop_texts(texts: Sequence[str], *, seed: int) -> list[str]:
    """Return the texts; one with more than 140 words is cropped to a random run of 70.

    A review's label is true of most of its parts, and a transformer's time grows faster than a text's length.
    """
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    found = []
    for text in texts:
        words = text.replace("<br />", " ").split()
        if len(words) > 2 * _WINDOW:
            start = int(rng.integers(len(words) - _WINDOW + 1))
            text = " ".join(words[start : start + _WINDOW])
        found.append(text)
    return found


def _name_emoji(text: str) -> str:
    """Return a text with the name of each emoji in its place."""
    if text.isascii():
        return text
    named = require("emoji", extra="teach").demojize(text, delimiters=(" \0", "\0 "))
    return re.sub("\0([^\0]+)\0", lambda match: match[1].replace("_", " "), named)


def _has_bf16() -> bool:
    """Return True if 16-bit products are faster here than 32-bit ones; an older torch cannot tell."""
    torch = require("torch", extra="teach")
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
