#!/usr/bin/env bash
# From nothing to a first answer: makes .venv with the light core (no torch), classifies and explains sentences, lets the
# shipped models write a text and review one, and draws one picture: demo.png.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
environment plot
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
echo
echo "Now yours: $VENV/bin/nlp-rnn classify \"type a sentence here\""
