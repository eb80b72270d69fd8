"""The same model behind FastAPI with a plain ``def``, as most people put one online.

``python -m scripts.reports.service_peer`` serves it (extra ``bench``); ``service.py peer`` measures both.
"""

import socket
import sys

from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import require


def main() -> None:
    """Serve on a free port until terminated."""
    fastapi, uvicorn = require("fastapi", extra="bench"), require("uvicorn", extra="serve")
    classifier = SentimentClassifier.from_pretrained(threads=1)
    app = fastapi.FastAPI()

    def predict(inputs: str = fastapi.Body(embed=True)) -> list[dict[str, str | float]]:
        scores = classifier.predict_proba([inputs])[0].tolist()
        named = zip(map(str, classifier.classes_), scores, strict=True)
        return [{"label": name, "score": score} for name, score in named]

    app.post("/predict")(predict)

    listening = socket.create_server(("127.0.0.1", 0))
    print(f"Serving FastAPI at http://127.0.0.1:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listening])


if __name__ == "__main__":
    main()
