#!/usr/bin/env bash
# From nothing to a first answer: makes .venv with the light core (no torch), classifies and explains sentences, lets the
# shipped models write a text and review one, asks a server, and draws one picture: demo.png.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
environment plot
environment serve
cd "$ROOT"

show() {
    local word
    printf '\n$ nlp-rnn'
    for word in "$@"; do
        case "$word" in
            *" "*) printf ' "%s"' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    nlp-rnn "$@"
}

show classify "Movie was good" "Movie was not good" "The movie was not bad at all" "The flight leaves at nine."
show classify --file data/samples/reviews.csv --column text --output demo.csv
show explain "I thought it would be good, but it was not." --plot demo.png
show generate "ROMEO:" --temperature 0.8 --seed 7 --max-new-chars 160
show review "The study confirmed that eating glass is healthy."

# The same over HTTP: one request to a server of our own, on a free port.
said="$(mktemp)"
nlp-rnn serve --port 0 2>"$said" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -f "$said"' EXIT
until grep -q "^Serving" "$said"; do
    kill -0 "$server" 2>/dev/null || fail "$(cat "$said")"
    sleep 0.2
done
url="$(sed -n 's/^Serving .* at //p' "$said")"
printf "\n$ nlp-rnn serve &\n$ curl %s/predict -H 'Content-Type: application/json' -d '{\"inputs\": \"Movie was not good\"}'\n" "$url"
python - "$url" <<'END'
import sys
from urllib.request import Request, urlopen

body = b'{"inputs": "Movie was not good"}'
with urlopen(Request(sys.argv[1] + "/predict", body, {"Content-Type": "application/json"})) as answer:
    print(answer.read().decode())
END
echo
echo "Now yours: $VENV/bin/nlp-rnn classify \"type a sentence here\""
