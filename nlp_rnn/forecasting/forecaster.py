"""``Forecaster``: a series in, its next steps out, each with its quantiles.

Around a small recurrent network: what is read, what is scaled by what, and how forecasts are fed back. Using
a model needs no torch; ``fit`` does.

Shapes: T steps, R series that are read, F that are forecast (the same, unless some are only read), N
histories, C steps read, K steps ahead, Q quantiles. Where one series is forecast, its axis F is left out of
what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from nlp_rnn.artifact import SeriesArtifact
from nlp_rnn.config import ForecastConfig, ForecastTrainConfig, settings_of
from nlp_rnn.errors import InputError, true_or_false, whole_number
from nlp_rnn.files.series import Series, values_of
from nlp_rnn.forecasting.names import check_steps, default_names, names_of, split_names_beside
from nlp_rnn.forecasting.scaling import F64, Scaling, draw, draw_levels, forecast_quantiles, persistence_of
from nlp_rnn.model import Pretrained, require_training
from nlp_rnn.resources import card_template
from nlp_rnn.runtime.timeseries import TimeSeriesLSTM
from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.training.loop import Progress


class Forecaster(Pretrained[SeriesArtifact]):
    """Forecasts one series, or several that are read together; others may be read beside them.

    Args:
        context: Steps read before a forecast.
        horizon: Steps forecast at once.
        seed: Of weights and of the order of training.
        cell: ``lstm``, ``gru`` or ``rnn``.
        hidden_size: Width of the state.
        num_layers: Recurrent layers.
        quantiles: Levels of the quantiles, rising; the median is the forecast itself.
        log: Forecast the logarithm, for series that grow by shares; their values are above 0.
        window: 0 trains on windows of ``context`` steps. More trains along the series, the state carried on
            and the gradient stopped after so many steps (truncated back-propagation through time): for long
            series, and for memory beyond ``context``.
        linear: Add a linear autoregression to the network's answer (LSTNet, Lai et al. 2018). None tries both
            in ``fit``, and keeps what forecasts the validation part better. Not with ``window``.

    Raises:
        ConfigError: If a setting is outside its range.
    """

    TASKS = ("forecast",)
    NOUN = "forecaster"
    COMPUTED = ("_network", "_scaling")

    def __init__(
        self,
        context: int = 24,
        horizon: int = 1,
        seed: int = 0,
        *,
        cell: str = "lstm",
        hidden_size: int = 32,
        num_layers: int = 1,
        quantiles: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
        log: bool = False,
        window: int = 0,
        linear: bool | None = None,
    ) -> None:
        super().__init__()
        self._train = ForecastTrainConfig(seed=seed, window=window)
        self._linear = None if linear is None else true_or_false("linear", linear)
        self._shape = ForecastConfig(
            columns=("value",),
            context=context,
            horizon=horizon,
            quantiles=tuple(quantiles),
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            log=log,
            carried=self._train.window > 0,
            linear=bool(self._linear),
            level=False,
            sampled=True,
            tails=True,
        )
        self._network: TimeSeriesLSTM | None = None
        self._scaling: Scaling | None = None

    @classmethod
    def _like(cls, artifact: SeriesArtifact) -> Self:
        """Return an untrained forecaster; ``_use`` gives it the artifact's shape."""
        return cls()

    def _use(self, artifact: SeriesArtifact) -> None:
        """Take an artifact as this model, and make what computes it."""
        super()._use(artifact)
        self._shape = artifact.config
        self._scaling = Scaling.of(artifact.scaling)
        self._network = TimeSeriesLSTM(artifact.config, artifact.weights)

    @property
    def scaling(self) -> Scaling:
        """The scaling from values to the network's units and back; errors as ``artifact``."""
        _ = self.artifact
        assert self._scaling is not None  # there is an artifact
        return self._scaling

    @property
    def config(self) -> ForecastConfig:
        """Context, horizon, quantiles and the network's shape."""
        return self._shape

    def fit(
        self,
        series: ArrayLike | Series,
        *,
        columns: Sequence[str] | None = None,
        beside: Sequence[str] = (),
        target: int | None = None,
        config: ForecastTrainConfig | None = None,
        output: str | Path | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Train on a series (extra ``train``).

        Its latest tenth (``config.validation``) chooses the epoch, and whether a linear path helps if
        ``linear`` is None; scaling is fitted on the part before it.

        Args:
            series: Shape (T,), or (T, R) for several series over the same steps, oldest first.
            columns: Names of the series; by default those of a ``Series``, else value, or value_0 ...
            beside: Names of series that are only read: they help to forecast the others. Histories have them,
                too; a closed loop has not, so it goes no further than ``horizon``.
            target: Number of the series whose validation loss chooses, among those that are forecast; None
                takes the mean of all.
            config: How to train; its seed and window stand for the constructor's.
            output: Folder for checkpoints and ``history.jsonl``; where two networks are tried, one for each.
            resume: Go on from the folder's newest checkpoint.
            progress: Called after each step.

        Returns:
            self.

        Raises:
            InputError: If values are missing, the series is constant or too short, there is no ``target``, or
                ``beside`` names a series that is not there or leaves none to forecast.
            TrainingError: If training cannot go on.
            MissingExtraError: If the extra is not installed.
        """
        require_training()
        from nlp_rnn.forecasting import fitting

        values_TF = values_of(series)
        names = names_of(series, columns, values_TF.shape[1])
        reads, names = split_names_beside(names, beside)
        if target is not None:
            target = whole_number("target", target, -len(names), error=InputError)
        if target is not None and target >= len(names):
            raise InputError(f"there is no series {target}; there are {len(names)}, counted from 0")
        train = self._train if config is None else settings_of(ForecastTrainConfig, config)
        shape, weights, scaling, notes = fitting.choose_network(
            values_TF,
            self._shapes(names, reads, carried=train.window > 0),
            train,
            target=target,
            output=None if output is None else Path(output),
            resume=resume,
            progress=progress,
        )
        network = TimeSeriesLSTM(shape, weights)
        shape = replace(shape, persistence=persistence_of(network, scaling.apply(values_TF)))
        if isinstance(series, Series) and series.timeline is not None:
            notes["step"] = series.timeline.name
        self._use(
            SeriesArtifact(
                config=shape,
                weights=weights,
                scaling=asdict(scaling),
                tail_CF=values_TF[-shape.context :],
                card=_card(shape),
                notes=notes,
            )
        )
        return self

    def _shapes(
        self, columns: tuple[str, ...], reads: tuple[str, ...], *, carried: bool
    ) -> list[ForecastConfig]:
        """Shapes to try: without and with a linear path if nothing was said of it, else the one."""
        ways = (False, True) if self._linear is None and not carried else (bool(self._linear),)
        shape = replace(self._shape, columns=columns, reads=reads, carried=carried, linear=False)
        return [replace(shape, linear=way) for way in ways]

    def predict(self, history: ArrayLike | Series | None = None) -> F64:
        """The next ``horizon`` steps: their medians.

        Args:
            history: What came before, at least ``context`` steps: (T,) or (T, R); or many histories of equal
                length, (N, T, R). None is the end of the series that the model was fitted on.

        Returns:
            (K,) or (K, F); for many histories with N in front.

        Raises:
            InputError: If the history is too short, has missing values, or has another number of series, or
                if it is a ``Series`` of other names or in another order than the model was fitted on.
        """
        return self._middle(self.predict_quantiles(history))

    def predict_quantiles(self, history: ArrayLike | Series | None = None) -> F64:
        """The quantiles of the next steps, rising along the last axis; arguments and errors as ``predict``.

        Returns:
            (K, Q) or (K, F, Q); for many histories with N in front.
        """
        history_NCF, many = self._histories(history)
        found_NKFQ = self._unscaled(self._scaled_quantiles(self.scaling.apply(history_NCF)))
        return self._squeezed(found_NKFQ if many else found_NKFQ[0], -2)

    def rollout(
        self, steps: int, history: ArrayLike | Series | None = None, *, paths: int = 256, seed: int = 0
    ) -> F64:
        """Closed loop: forecasts fed back as if they had come, for as many steps as wanted.

        The median of ``rollout_quantiles``, so it lies inside every interval of it. (A model saved by an
        older version feeds the median of each forecast back, as it did: one future without noise, smoother
        than any series that the network has seen.)

        Args:
            steps: How many.
            history: As in ``predict``, but one.
            paths: Futures sampled.
            seed: Of the draws.

        Returns:
            (steps,) or (steps, F).

        Raises:
            InputError: As ``predict``; also if ``steps`` or ``paths`` is no whole number from 1 on, or
                ``seed`` none from 0 on, or for more steps than ``horizon`` where series are only read.
        """
        if self.config.sampled:
            return self._middle(self.rollout_quantiles(steps, history, paths=paths, seed=seed))
        found_1TF = self._closed_loop(self._one_history(steps, history), steps, self._middle)
        return self._squeezed(self._answers.undo(found_1TF)[0], -1)

    def rollout_quantiles(
        self, steps: int, history: ArrayLike | Series | None = None, *, paths: int = 256, seed: int = 0
    ) -> F64:
        """Quantiles of a closed loop that grow with the distance: those of many sampled futures.

        Each path draws its next steps from the forecast quantiles, and goes on from what it drew. The steps
        of one forecast are drawn as alike as their errors were in ``fit``. Every second path mirrors the one
        before it: where that draws the 0.9 quantile, this draws the 0.1 (antithetic variates, Hammersley &
        Morton 1956), so that chance moves the median little.

        Args:
            steps: How many.
            history: As in ``predict``, but one.
            paths: Futures sampled.
            seed: Of the draws.

        Returns:
            (steps, Q) or (steps, F, Q), rising along the last axis.

        Raises:
            InputError: As ``rollout``.
        """
        paths = whole_number("paths", paths, 1, error=InputError)
        seed = whole_number("seed", seed, 0, error=InputError)
        config, rng = self.config, np.random.default_rng(seed)
        history_NCF = np.repeat(self._one_history(steps, history), paths, axis=0)

        def sample(quantiles_NKFQ: F64) -> F64:
            N, K, F, _ = quantiles_NKFQ.shape
            levels_NKF = draw_levels(rng, N, K, F, config.persistence, mirrored=config.sampled)
            return draw(quantiles_NKFQ, config.quantiles, levels_NKF, tails=config.tails)

        drawn_NTF = self._answers.undo(self._closed_loop(history_NCF, steps, sample))
        found_TFQ = np.moveaxis(np.quantile(drawn_NTF, config.quantiles, axis=0), 0, -1)
        return self._squeezed(np.maximum.accumulate(found_TFQ, axis=-1), -2)

    def _closed_loop(self, history_NCF: F64, steps: int, choose: Callable[[F64], F64]) -> F64:
        """Scaled steps (N, steps, F), each forecast chosen from its quantiles and read by the next."""
        z_NCF = self.scaling.apply(history_NCF)
        done: list[F64] = []
        for _ in range(0, steps, self.config.horizon):
            next_NKF = choose(self._scaled_quantiles(z_NCF))
            done.append(next_NKF)
            if not self.config.beside:  # with some, this was the only round: their next steps are unknown
                z_NCF = np.concatenate([z_NCF, next_NKF], axis=1)[:, -self.config.context :]
        return np.concatenate(done, axis=1)[:, :steps]

    def _scaled_quantiles(self, z_NCF: F64) -> F64:
        assert self._network is not None  # there is a model, or its scaling would not have been found
        return forecast_quantiles(self._network, z_NCF)

    def _unscaled(self, z_NKFQ: F64) -> F64:
        return np.moveaxis(self._answers.undo(np.moveaxis(z_NKFQ, -1, 0)), 0, -1)

    @property
    def _answers(self) -> Scaling:
        """The scaling of the series that are forecast."""
        return self.scaling.only(self.config.places)

    def _middle(self, quantiles: F64) -> F64:
        found: F64 = quantiles[..., self.config.quantiles.index(0.5)]
        return found

    def _squeezed(self, found: F64, axis: int) -> F64:
        """Without the axis of the series, if there is one series."""
        return found if len(self.config.columns) > 1 else found.squeeze(axis)

    def _histories(self, history: ArrayLike | Series | None) -> tuple[F64, bool]:
        """The last ``context`` steps of one or many histories (N, C, R), and whether they were many."""
        config = self.artifact.config
        if history is None:
            return self.artifact.tail_CF[None], False
        given = None if isinstance(history, Series) else np.asarray(history)
        many = given is not None and given.ndim == 3
        if given is not None and many:
            N, T, F = given.shape
            values_NTF = values_of(given.reshape(N * T, F)).reshape(N, T, F)
        else:
            values_NTF = values_of(history)[None]
        if values_NTF.shape[2] != len(config.read):
            raise InputError(
                f"the history has {values_NTF.shape[2]} series, and the model reads {len(config.read)}: "
                f"{', '.join(config.read)}"
            )
        # A model fitted on bare numbers knows no names to compare.
        if isinstance(history, Series) and config.read not in (
            tuple(history.columns),
            default_names(len(config.read)),
        ):
            raise InputError(
                f"the history's series are {', '.join(history.columns)}, and the model reads "
                f"{', '.join(config.read)}: choose these columns, in this order"
            )
        if values_NTF.shape[1] < config.context:
            raise InputError(
                f"the history has {values_NTF.shape[1]} steps, and the model reads the last {config.context}"
            )
        return values_NTF[:, -config.context :], many

    def _one_history(self, steps: int, history: ArrayLike | Series | None) -> F64:
        whole_number("steps", steps, 1, error=InputError)
        check_steps(steps, self.config)
        history_NCF, many = self._histories(history)
        if many:
            raise InputError("a rollout goes on from one history: give shape (T,) or (T, F)")
        return history_NCF


def _card(config: ForecastConfig) -> str:
    """Return the model card of a forecaster."""
    return card_template("forecasting").format(
        cell=config.cell.upper(),
        hidden=config.hidden_size,
        linear=" with a linear path beside it" if config.linear else "",
        context=config.context,
        columns=", ".join(config.read),
        forecast=", of which it forecasts " + ", ".join(config.columns) if config.beside else "",
        horizon=config.horizon,
        steps=config.horizon if config.beside else 10,
        quantiles=", ".join(f"{level:g}" for level in config.quantiles),
        version=__version__,
    )
