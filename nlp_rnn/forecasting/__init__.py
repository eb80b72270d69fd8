"""Forecasts of series, and their comparison with naive and classical ones."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.forecasting.ahead import actual_ahead as actual_ahead
    from nlp_rnn.forecasting.ahead import arima_ahead as arima_ahead
    from nlp_rnn.forecasting.ahead import ets_ahead as ets_ahead
    from nlp_rnn.forecasting.ahead import linear_ahead as linear_ahead
    from nlp_rnn.forecasting.ahead import naive_ahead as naive_ahead
    from nlp_rnn.forecasting.backtest import Backtest as Backtest
    from nlp_rnn.forecasting.backtest import histories as histories
    from nlp_rnn.forecasting.backtest import plot_backtests as plot_backtests
    from nlp_rnn.forecasting.backtest import plot_forecast as plot_forecast
    from nlp_rnn.forecasting.backtest import run_backtest as run_backtest
    from nlp_rnn.forecasting.forecaster import Forecaster as Forecaster
    from nlp_rnn.forecasting.scores import coverage as coverage
    from nlp_rnn.forecasting.scores import mase as mase
    from nlp_rnn.forecasting.scores import rmse as rmse
    from nlp_rnn.forecasting.scores import smape as smape

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "ahead": ["actual_ahead", "arima_ahead", "ets_ahead", "linear_ahead", "naive_ahead"],
        "forecaster": ["Forecaster"],
        "backtest": ["Backtest", "histories", "plot_backtests", "plot_forecast", "run_backtest"],
        "scores": ["coverage", "mase", "rmse", "smape"],
    },
)
