/* The page of the service: four panels over its HTTP routes, without a framework.
 *
 * Knows routes and the DOM; knows no model. What people type and what the service answers goes into text nodes only.
 * Sections: elements, the service, tabs, Type, marked text, Write, Review, Label a file.
 */

// ---- Elements -------------------------------------------------------------------------------------------------------

const find = (selector, root = document) => root.querySelector(selector);
const SVG = "http://www.w3.org/2000/svg";

/** Return a new element; strings among the children become text nodes. */
function make(tag, attributes = {}, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS(SVG, tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const percent = (share) => share.toFixed(2);
const signed = (value) =>
  Math.abs(value) < 0.005 ? "0.00" : (value > 0 ? "+" : "−") + Math.abs(value).toFixed(2);
const counted = (number, one, many = `${one}s`) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
const pause = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });

/** Return the function, called once things have been quiet for so many milliseconds. */
function settled(milliseconds, run) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds, ...given);
  };
}

/** Tell a screen reader what happened: once, when it has stopped changing. */
const announce = settled(900, (words) => {
  find("#news").textContent = words;
});

function complain(panel, error) {
  const place = find(`#${panel} .error`);
  place.textContent = error ? (error.message ?? String(error)) : "";
  place.hidden = !error;
}

async function copy(text, button) {
  const label = [...button.childNodes];
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS there is no clipboard but the old one.
    const field = make("textarea", { class: "unseen" });
    field.value = text;
    button.after(field);
    field.select();
    if (!document.execCommand("copy")) done = "Copying is not allowed";
    field.remove();
    button.focus();
  }
  button.textContent = done;
  announce(done);
  setTimeout(() => button.replaceChildren(...label), 1500);
}

// ---- The service ----------------------------------------------------------------------------------------------------

let key = "";

class Refusal extends Error {
  constructor(message, status, wait) {
    super(message);
    Object.assign(this, { status, wait });
  }
}

/** Post to a route and return the response; a refusal is an error with the service's own sentence. */
async function post(route, body, signal) {
  const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(route, { method: "POST", headers, body: JSON.stringify(body), signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal("The service does not answer: is it still running?", 0);
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  find("#key").hidden = response.status !== 401;
  const wait = [429, 503].includes(response.status) ? Number(response.headers.get("Retry-After")) || 1 : null;
  throw new Refusal(
    answer.error?.message ?? answer.error ?? `The service answered ${response.status}.`,
    response.status,
    wait,
  );
}

/** Post, and post again while the service says it is busy, after as long as it asks for. */
async function patiently(route, body, signal, told = () => {}) {
  for (;;) {
    try {
      return await post(route, body, signal);
    } catch (error) {
      if (!error.wait) throw error;
      told(error.wait);
      await pause(error.wait, signal);
    }
  }
}

async function ask(route, body, signal, told) {
  const answer = await (await patiently(route, body, signal, told)).json();
  signal?.throwIfAborted();
  return answer;
}

/** Return a function that runs one call at a time: a newer one aborts the one before it, of which nothing is shown. */
function newest(panel, run) {
  let current;
  return async (...given) => {
    current?.abort();
    const own = (current = new AbortController());
    try {
      await run(own.signal, ...given);
      if (!own.signal.aborted) complain(panel, null);
    } catch (error) {
      if (!own.signal.aborted) complain(panel, error);
    }
  };
}

/** Yield the text of a stream piece by piece, as it is asked for; `told` gets the number of bytes read. */
async function* textOf(stream, encoding, told = () => {}) {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const reader = stream.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      bytes += value?.length ?? 0;
      let text;
      try {
        text = decoder.decode(value, { stream: !done });
      } catch {
        throw new Error(`This is not ${encoding.toUpperCase()}: choose another encoding.`);
      }
      told(bytes);
      yield text;
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

find("#key").addEventListener("submit", (event) => {
  event.preventDefault();
  key = find("#key-value").value;
  find("#key").hidden = true;
  refresh[current()]?.();
});

// ---- Tabs and the address -------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("[role=tab]")];
const panelOf = (tab) => tab.getAttribute("aria-controls");
const current = () => panelOf(tabs.find((tab) => tab.matches("[aria-selected=true]")));
const refresh = {}; // by panel: what to do when it is shown or a key is given

function open(name, { focus = false } = {}) {
  for (const tab of tabs) {
    const chosen = panelOf(tab) === name;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
    find(`#${panelOf(tab)}`).hidden = !chosen;
    if (chosen && focus) tab.focus();
  }
  refresh[name]?.();
}

function choose(name, options) {
  open(name, options);
  history.replaceState(null, "", name === "type" ? typedAddress() : `#${name}`);
}

for (const [number, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(panelOf(tab)));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: number + 1, ArrowLeft: number - 1, Home: 0, End: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose(panelOf(tabs.at(step % tabs.length)), { focus: true });
  });
}

const LONGEST_LINK = 4000;
const typed = find("#type-text");

/** Return the part after the # that holds the text; "" where it is too long for an address. */
function typedAddress() {
  const text = typed.value.toWellFormed?.() ?? typed.value;
  return text.length > LONGEST_LINK ? location.pathname : `#type=${encodeURIComponent(text)}`;
}

function readAddress() {
  const [name, text] = location.hash.slice(1).split(/=(.*)/s);
  if (text !== undefined) {
    try {
      typed.value = decodeURIComponent(text);
    } catch {
      typed.value = text;
    }
  }
  open(tabs.some((tab) => panelOf(tab) === name) ? name : "type");
}

/** Offer examples that fill a text field. */
function offer(panel, field, examples) {
  for (const [label, text = label] of examples) {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", () => {
      field.value = text;
      field.dispatchEvent(new Event("input"));
    });
    find(`#${panel} .tries`).append(button);
  }
}

// ---- Type -----------------------------------------------------------------------------------------------------------

const LEAD = 0.1; // a turn counts when the new class is ahead by so much: beliefs that waver are no turns
const NOTED = 0.05; // an effect as strong as this has its figure below it

/** Return how a class is drawn: the three of sentiment always alike, others in turn. */
function look(name, number) {
  return `of-${["positive", "neutral", "negative"].includes(name) ? name : `other-${1 + (number % 4)}`}`;
}

/** Return the units of an explanation, those on the same characters (the bytes of one letter) as one. */
function unitsOf(answer, text) {
  const units = [];
  for (const [number, token] of answer.tokens.entries()) {
    const { start_utf16: start, end_utf16: end } = token;
    const before = units.at(-1);
    if (before && end <= before.end) {
      before.effect += token.attribution;
      before.beliefs = answer.trajectory[number];
    } else {
      const word = text.slice(start, end).trim() || token.text;
      units.push({ word, start, end, effect: token.attribution, beliefs: answer.trajectory[number] });
    }
  }
  return units;
}

const best = (beliefs) => beliefs.indexOf(Math.max(...beliefs));

/** Return where the belief turns: [{unit, from, to}], classes by number. */
function turnsOf(units) {
  let held = null;
  const turns = [];
  for (const [number, { beliefs }] of units.entries()) {
    const now = best(beliefs);
    const last = number === units.length - 1;
    held ??= now;
    if (now === held || (!last && beliefs[now] - beliefs[held] < LEAD)) continue;
    turns.push({ unit: number, from: held, to: now });
    held = now;
  }
  return turns;
}

/** Return the turns as nodes of one sentence, the last three of them. */
function turnSentence(units, turns, classes) {
  if (!turns.length)
    return [
      `${classes[best(units.at(-1).beliefs)]} from the first word to the last.`.replace(/^./, (first) =>
        first.toUpperCase(),
      ),
    ];
  const shown = turns.slice(-3);
  const parts = [`${turns.length > 3 ? "Before the last turns" : "Begins"} ${classes[shown[0].from]}: `];
  for (const [number, turn] of shown.entries()) {
    if (number) parts.push(", ");
    parts.push(make("em", {}, units[turn.unit].word), ` turns it ${classes[turn.to]}`);
  }
  return [...parts, "."];
}

/** One answer on the page: verdict, curves over the tokens, effects below them, figures on demand. */
class Reading {
  constructor(title) {
    this.root = find("#reading").content.cloneNode(true).firstElementChild;
    find("h3", this.root).textContent = title;
    this.root.setAttribute("aria-label", title);
    this.staves = find(".staves", this.root);
    this.list = find("ol", this.root);
    this.units = [];
    new ResizeObserver(() => this.draw()).observe(this.staves);
    this.list.addEventListener("pointerover", (event) => this.point(event.target.closest(".token")));
    this.list.addEventListener("pointerleave", () =>
      this.point(this.list.contains(document.activeElement) ? document.activeElement : null),
    );
    this.list.addEventListener("focusin", (event) => this.point(event.target));
    this.list.addEventListener("focusout", () => this.point(null));
    this.list.addEventListener("keydown", (event) => this.walk(event));
    find("details", this.root).addEventListener("toggle", () => this.tabulate());
  }

  /** Show an explanation of a text; `changed` is the stretch of it, [start, end), that the other reading has not. */
  show(answer, text, changed = null) {
    Object.assign(this, { answer, text, units: unitsOf(answer, text) });
    this.turns = turnsOf(this.units);
    this.strongest = Math.max(0.05, ...this.units.map((unit) => Math.abs(unit.effect)));
    find(".verdict strong", this.root).textContent = answer.label;
    find(".verdict span", this.root).textContent = percent(Math.max(...answer.probabilities));
    find(".turns", this.root).replaceChildren(...turnSentence(this.units, this.turns, answer.classes));
    const [start, end] = changed ?? [0, 0];
    find(".text-shown", this.root).hidden = !changed;
    find(".text-shown", this.root).replaceChildren(
      text.slice(0, start),
      make("ins", {}, text.slice(start, end)),
      text.slice(end),
    );
    this.staves.classList.toggle("reversed", answer.target === "negative");
    this.staves.setAttribute("aria-label", "Tokens: the arrow keys walk through them");
    find(".under", this.root).replaceChildren(...this.explanationOfBars());
    this.addTokens();
    this.point(null);
    this.draw();
    this.tabulate();
  }

  get sentence() {
    return `${find(".verdict", this.root).textContent}. ${find(".turns", this.root).textContent}`;
  }

  explanationOfBars() {
    const { target } = this.answer;
    const [up, down] =
      target === "polarity"
        ? ["towards positive", "towards negative"]
        : [`for ${target}`, `against ${target}`];
    return [`Bars: each token’s effect, ${up} above the line, ${down} below it.`];
  }

  addTokens() {
    const turning = new Set(this.turns.map((turn) => turn.unit));
    this.list.replaceChildren(
      ...this.units.map((unit, number) => {
        const size = Math.abs(unit.effect) / this.strongest;
        const bar = make("i", { class: unit.effect >= 0 ? "up" : "down" });
        bar.style.height = `${(50 * size).toFixed(1)}%`;
        const strong = Math.abs(unit.effect) >= NOTED;
        const word = make("span", { class: `word ${unit.effect >= 0 ? "up" : "down"}` }, unit.word);
        word.style.setProperty("--depth", (0.42 * size).toFixed(3));
        const button = make(
          "button",
          {
            class: `token${turning.has(number) ? " turn" : ""}`,
            type: "button",
            tabindex: number ? -1 : 0,
            "aria-label": this.figures(unit),
          },
          word,
          make("span", { class: "effect" }, bar),
          make("span", { class: "amount" }, strong ? signed(unit.effect) : ""),
        );
        return make("li", {}, button);
      }),
    );
  }

  figures(unit) {
    const beliefs = this.answer.classes.map((name, number) => `${name} ${percent(unit.beliefs[number])}`);
    return `${unit.word}: ${beliefs.join(", ")}; effect ${signed(unit.effect)}`;
  }

  /** Show a token's figures in the legend; those of the whole text if it is null. */
  point(token) {
    if (!this.answer) return;
    const tokens = [...this.list.querySelectorAll(".token")];
    const number = tokens.indexOf(token);
    for (const each of tokens) each.classList.toggle("shown", each === token);
    const unit = this.units[number];
    const beliefs = unit?.beliefs ?? this.answer.probabilities;
    find(".at", this.root).replaceChildren(
      ...(unit
        ? ["After ", make("b", {}, unit.word), `, whose effect is ${signed(unit.effect)}:`]
        : ["At the end:"]),
    );
    const entries = this.answer.classes.map((name, index) => {
      const sign = make(
        "svg:svg",
        { viewBox: "0 0 28 12", "aria-hidden": "true" },
        ...curve(
          [
            [0, 6],
            [28, 6],
          ],
          look(name, index),
        ),
        dot(14, 6, name, index),
      );
      return make("div", {}, make("dt", {}, sign, name), make("dd", {}, percent(beliefs[index])));
    });
    find(".legend", this.root).replaceChildren(...entries);
  }

  walk(event) {
    const tokens = [...this.list.querySelectorAll(".token")];
    const here = tokens.indexOf(event.target.closest(".token"));
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (here < 0 || !tokens[next]) return;
    event.preventDefault();
    tokens[here].tabIndex = -1;
    tokens[next].tabIndex = 0;
    tokens[next].focus();
  }

  /** Draw the curves above the tokens, which wrap like music: one stave per line of tokens. */
  draw() {
    const columns = [...this.list.children];
    const canvas = find("svg", this.staves);
    if (!columns.length || !this.staves.offsetWidth) return canvas.replaceChildren();
    const height = parseFloat(getComputedStyle(columns[0].firstChild).gridTemplateRows) - 8;
    const places = columns.map((column) => ({
      x: column.offsetLeft + column.offsetWidth / 2,
      top: column.offsetTop + 6,
      left: column.offsetLeft,
      right: column.offsetLeft + column.offsetWidth,
    }));
    const drawn = this.staveLines(places, height);
    for (const [index, name] of this.answer.classes.entries()) {
      const dots = [];
      for (const points of this.staveCurves(places, height, index)) {
        drawn.push(
          ...curve(
            points.map(([x, y]) => [x, y]),
            look(name, index),
          ),
        );
        dots.push(...points.filter((point) => point[2]).map(([x, y]) => dot(x, y, name, index)));
      }
      drawn.push(...dots);
    }
    canvas.replaceChildren(...drawn);
  }

  staveLines(places, height) {
    const lines = [];
    for (const top of new Set(places.map((place) => place.top))) {
      const row = places.filter((place) => place.top === top);
      const [left, right] = [row[0].left, row.at(-1).right];
      for (const [share, label] of [
        [0, "1"],
        [0.5, ""],
        [1, "0"],
      ]) {
        const y = top + share * height;
        lines.push(make("svg:line", { class: "grid-line", x1: left, x2: right, y1: y, y2: y }));
        if (label) lines.push(make("svg:text", { x: left - 6, y: y + 4, "text-anchor": "end" }, label));
      }
    }
    for (const { unit } of this.turns) {
      const { x, top } = places[unit];
      lines.push(make("svg:line", { class: "turn-line", x1: x, x2: x, y1: top, y2: top + height + 8 }));
    }
    return lines;
  }

  /** Return a class's curve as one list of [x, y, is a token] per stave; it leaves one and enters the next half way. */
  staveCurves(places, height, index) {
    const curves = [];
    const levelOf = (number) => (1 - this.units[number].beliefs[index]) * height;
    for (const [number, place] of places.entries()) {
      const before = places[number - 1];
      if (before?.top !== place.top) {
        curves.push([]);
        if (before) {
          const between = (levelOf(number - 1) + levelOf(number)) / 2;
          curves.at(-2).push([before.right, before.top + between, false]);
          curves.at(-1).push([place.left, place.top + between, false]);
        }
      }
      curves.at(-1).push([place.x, place.top + levelOf(number), true]);
    }
    return curves;
  }

  tabulate() {
    const details = find("details", this.root);
    if (!details.open || !this.answer) return;
    const { classes } = this.answer;
    const effect =
      this.answer.target === "polarity" ? "effect on polarity" : `effect on ${this.answer.target}`;
    const heads = ["token", effect, ...classes.map((name) => `${name} so far`)];
    const rows = this.units.map((unit) => [unit.word, signed(unit.effect), ...unit.beliefs.map(percent)]);
    find("table", details).replaceChildren(tableOf(heads, rows, 1));
    find(".scroll", details).setAttribute("aria-label", "Figures of each token");
  }
}

const curve = (points, looks) => [
  make("svg:polyline", { class: `curve ${looks}`, points: points.map((point) => point.join()).join(" ") }),
];

/** Return the mark of a class at a point: a disc for positive, a diamond for negative, a small square for the rest. */
function dot(x, y, name, index) {
  const looks = { class: `dot ${look(name, index)}` };
  if (name === "positive") return make("svg:circle", { ...looks, cx: x, cy: y, r: 4 });
  if (name === "negative") return make("svg:path", { ...looks, d: `M${x} ${y - 5}l5 5l-5 5l-5 -5z` });
  return make("svg:rect", { ...looks, x: x - 2.5, y: y - 2.5, width: 5, height: 5 });
}

/** Return head and body of a table; cells from column `numbers` on are aligned as numbers. */
function tableOf(heads, rows, numbers = Infinity) {
  const row = (cells, tag) =>
    make(
      "tr",
      {},
      ...cells.map((cell, n) =>
        make(tag, { ...(tag === "th" && { scope: "col" }), ...(n >= numbers && { class: "number" }) }, cell),
      ),
    );
  const part = document.createDocumentFragment();
  part.append(
    make("thead", {}, row(heads, "th")),
    make("tbody", {}, ...rows.map((cells) => row(cells, "td"))),
  );
  return part;
}

/** Return the stretch of `text` between what it has in common with `other` at both ends, whole words. */
function difference(text, other) {
  let start = 0;
  while (start < text.length && text[start] === other[start]) start++;
  let ends = 0;
  while (ends < Math.min(text.length, other.length) - start && text.at(-1 - ends) === other.at(-1 - ends))
    ends++;
  let end = text.length - ends;
  while (start > 0 && /[\p{L}\p{N}'’]/u.test(text[start - 1])) start--;
  while (end < text.length && /[\p{L}\p{N}'’]/u.test(text[end])) end++;
  return [start, end];
}

const readings = find("#readings");
const negate = find("#negate");
const first = new Reading("The text");
const second = new Reading("Its counterpart");
readings.append(first.root);
first.root.hidden = true;

const showTyped = newest("type", async (signal) => {
  const text = typed.value;
  const paired = negate.matches("[aria-pressed=true]");
  typed.style.height = "auto";
  typed.style.height = `${typed.scrollHeight + 2}px`;
  first.root.hidden = !text.trim();
  if (!text.trim()) return showCounterpart(null);
  const [answer, other] = await Promise.all([
    ask("explain", { inputs: text }, signal),
    paired ? counterpart(text, signal) : null,
  ]);
  first.show(answer, text, other && difference(text, other.text));
  showCounterpart(other, text);
  if (paired && !other) {
    negate.setAttribute("aria-pressed", false);
    throw new Error("There is no verb here that “not” could turn, such as is, was, can or would.");
  }
  announce(other ? `${first.sentence} Counterpart: ${second.sentence}` : first.sentence);
});

async function counterpart(text, signal) {
  const other = negated(text);
  return other === null ? null : { text: other, answer: await ask("explain", { inputs: other }, signal) };
}

// The last negation of a text: won't, isn't, cannot, not, never.
const NEGATION = /\b(wo|ca|sha)n['’]t\b|\b(\w+)n['’]t\b|\b(can)not\b|\b(?:not|never)\b */gi;
const WHOLE = { wo: "will", ca: "can", sha: "shall" };
// A verb that takes "not" behind it.
const VERB =
  /\b(?:am|is|are|was|were|can|could|will|would|shall|should|must|may|might|(?:has|have|had)(?= (?:been|\w+ed|\w+en)\b))\b|\b(?:it|that|this|there|he|she|who|what)['’]s\b|\b(?:we|you|they)['’]re\b|\bI['’]m\b/gi;

/** Return the text with its last "not" taken out, or else with one behind its last verb that takes it; null without both. */
function negated(text) {
  const found = [...text.matchAll(NEGATION)].at(-1);
  if (found) {
    const [whole, short, stem, can] = found;
    let kept = can ?? stem ?? "";
    if (short) kept = short[0] + WHOLE[short.toLowerCase()].slice(1);
    const before = text.slice(0, found.index) + kept;
    const after = text.slice(found.index + whole.length);
    // Neither a space before a full stop nor a small letter at the beginning is left behind.
    if (kept) return before + after;
    return before
      ? before.replace(/ +$/, /^[\p{L}\p{N}]/u.test(after) ? " " : "") + after
      : after.replace(/^./u, (first) => first.toUpperCase());
  }
  const verb = [...text.matchAll(VERB)].at(-1);
  if (!verb) return null;
  const end = verb.index + verb[0].length;
  return `${text.slice(0, end)} not${text.slice(end)}`;
}

function showCounterpart(other, text) {
  readings.classList.toggle("two", Boolean(other));
  if (!other) return second.root.remove();
  readings.append(second.root);
  second.show(other.answer, other.text, difference(other.text, text));
  first.draw();
}

refresh.type = showTyped;
const keepAddress = settled(250, () => {
  if (current() === "type") history.replaceState(null, "", typedAddress());
});
typed.addEventListener("input", () => {
  showTyped();
  keepAddress();
});
negate.addEventListener("click", () => {
  negate.setAttribute("aria-pressed", !negate.matches("[aria-pressed=true]"));
  showTyped();
});
find("#share").addEventListener("click", (event) => {
  if (typed.value.length > LONGEST_LINK)
    return complain(
      "type",
      `This text is too long for a link: it has ${counted(typed.value.length, "character")}, a link takes ${LONGEST_LINK}.`,
    );
  const link = new URL(location.href);
  link.hash = typedAddress();
  history.replaceState(null, "", link.hash);
  copy(link.href, event.currentTarget);
});
offer("type", typed, [
  ["I thought it would be good, but it was not."],
  ["The movie was not bad at all"],
  ["The flight leaves at nine."],
]);
if (!typed.value) typed.value = "I thought it would be good, but it was not.";

// ---- Marked text ----------------------------------------------------------------------------------------------------

/** A text whose judged sentences carry their risk; a sentence with reasons is a button that shows them. */
class Marked {
  constructor(panel, given = 0) {
    this.root = find(`#${panel} .marked`);
    this.reasons = make("span", { class: "reasons", id: `${panel}-reasons` });
    this.root.addEventListener("click", (event) => this.select(event.target.closest("[role=button]")));
    this.root.addEventListener("keydown", (event) => {
      if (!event.target.matches("[role=button]") || ![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
      this.select(event.target);
    });
    this.begin("", given);
  }

  /** Begin anew; the first `given` characters are somebody's, not the machine's. */
  begin(text, given = 0) {
    Object.assign(this, { text, given, judged: 0, chosen: null });
    this.tail = document.createTextNode("");
    this.root.replaceChildren(this.tail);
    this.showTail();
  }

  extend(piece) {
    this.text += piece;
    this.showTail();
  }

  showTail() {
    // What is given and not judged yet stands in a node of its own, before the rest.
    find(".given.open", this.root)?.remove();
    if (this.judged < this.given)
      this.tail.before(make("span", { class: "given open" }, this.text.slice(this.judged, this.given)));
    this.tail.data = this.text.slice(Math.max(this.judged, this.given));
  }

  judge(sentences) {
    for (const sentence of sentences) {
      if (sentence.start_utf16 < this.judged) continue;
      if (sentence.start_utf16 > this.judged)
        this.tail.before(this.text.slice(this.judged, sentence.start_utf16));
      this.tail.before(this.element(sentence));
      this.judged = sentence.end_utf16;
    }
    this.showTail();
  }

  element(sentence) {
    const element = make("span", { class: `sentence ${sentence.level}` }, ...this.pieces(sentence));
    const after = /\s*$/.exec(element.textContent)[0];
    if (!sentence.signals.length) element.className = "sentence";
    else {
      for (const [name, value] of Object.entries({ role: "button", tabindex: 0, "aria-expanded": false }))
        element.setAttribute(name, value);
      element.append(make("span", { class: "unseen" }, ` (${sentence.level} risk)`));
      element.sentence = sentence;
    }
    const whole = document.createDocumentFragment();
    whole.append(element);
    if (after && element.lastChild) this.moveSpace(element, after, whole);
    return whole;
  }

  /** Put the white space at a sentence's end behind its element, so that no mark runs on below it. */
  moveSpace(element, after, whole) {
    let rest = after.length;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode())
      if (!walker.currentNode.parentElement.closest(".unseen")) nodes.push(walker.currentNode);
    for (const node of nodes.reverse()) {
      const cut = Math.min(rest, node.length);
      node.deleteData(node.length - cut, cut);
      rest -= cut;
    }
    whole.append(after);
  }

  /** Cut a sentence where a signal or what was given begins or ends; signals of the whole sentence mark no words. */
  pieces({ start_utf16: start, end_utf16: end, signals }) {
    const spans = signals
      .map((signal) => [Math.max(start, signal.start_utf16), Math.min(end, signal.end_utf16)])
      .filter(([from, to]) => to > from && to - from < 0.8 * (end - start));
    const cuts = [...new Set([start, end, this.given, ...spans.flat()])]
      .filter((cut) => cut >= start && cut <= end)
      .sort((a, b) => a - b);
    return cuts.slice(1).map((to, number) => {
      const from = cuts[number];
      let piece = this.text.slice(from, to);
      if (spans.some(([first, last]) => first < to && from < last)) piece = make("mark", {}, piece);
      return from < this.given ? make("span", { class: "given" }, piece) : piece;
    });
  }

  /** Show a sentence's reasons below it; hide them if they are there already. */
  select(element) {
    if (!element?.sentence) return;
    const closing = this.chosen === element;
    this.chosen?.setAttribute("aria-expanded", false);
    this.reasons.remove();
    this.chosen = closing ? null : element;
    if (closing) return;
    element.setAttribute("aria-expanded", true);
    const { level, signals } = element.sentence;
    const reasons = new Map(signals.map((signal) => [signal.name + signal.reason, signal]));
    this.reasons.replaceChildren(
      make("b", {}, `${level[0].toUpperCase()}${level.slice(1)} risk`),
      ...[...reasons.values()].map((signal) =>
        make("span", {}, make("b", {}, signal.name), `: ${signal.reason ?? ""}`),
      ),
    );
    // Behind the space after the sentence, up to the first line end: that of the block itself.
    const space = element.nextSibling;
    const isSpace = space !== this.tail && space?.data && !space.data.trim();
    if (isSpace && space.data.includes("\n")) space.splitText(space.data.indexOf("\n") + 1);
    (isSpace ? space : element).after(this.reasons);
  }
}

const shortened = (text, most) =>
  [...text].length <= most ? text : `${[...text].slice(0, most - 1).join("")}…`;

/** Let what is copied by hand out of a marked text carry its disclaimer. */
function copyAlong(root, disclaimer) {
  root.addEventListener("copy", (event) => {
    const selection = String(getSelection());
    if (!selection.trim()) return;
    event.clipboardData.setData("text/plain", `${selection}\n\n${disclaimer()}`);
    event.preventDefault();
  });
}

// ---- Write ----------------------------------------------------------------------------------------------------------

const MACHINE = find("#write-disclaimer").textContent;
const writing = new Marked("write");
const start = find("#start");
const stop = find("#stop");
const writeState = find("#write-state");
let writer = null; // the AbortController of the text being written

/** Yield the objects of a stream of server-sent events, up to [DONE]. */
async function* eventsOf(response) {
  let rest = "";
  for await (const piece of textOf(response.body, "utf-8")) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data:")) continue;
      const data = line.slice(5).trim();
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

function settings() {
  const seed = find("#seed").value;
  return {
    prompt: find("#prompt").value,
    max_tokens: Number(find("#length").value),
    temperature: Number(find("#temperature").value),
    top_p: Number(find("#top-p").value),
    ...(seed !== "" && { seed: Number(seed) }),
    stream: true,
    policy: "annotate",
    risk_marks: true,
  };
}

async function write() {
  const own = (writer = new AbortController());
  const body = settings();
  complain("write", null);
  writing.begin(body.prompt, body.prompt.length);
  find("#write-disclaimer").textContent = MACHINE;
  setWriting(true);
  writeState.textContent = "Writing …";
  try {
    const response = await patiently("v1/completions", body, own.signal, (wait) => {
      writeState.textContent = `The service is busy: trying again in ${counted(wait, "second")}`;
    });
    const risk = await receive(response);
    finishWriting(risk, body.seed);
  } catch (error) {
    if (own.signal.aborted) await judgeStopped();
    else {
      complain("write", error);
      writeState.textContent = "";
    }
  } finally {
    setWriting(false);
  }
}

/** Show a stream as it comes; return the review at its end. */
async function receive(response) {
  let risk = null;
  for await (const event of eventsOf(response)) {
    if (event.error) throw new Error(event.error.message ?? event.error);
    const [choice = {}] = event.choices ?? [];
    if (choice.text) writing.extend(choice.text);
    const extra = choice.nlp_rnn ?? event.nlp_rnn;
    if (extra?.sentences) writing.judge(extra.sentences);
    if (choice.finish_reason) risk = { ...extra, finish_reason: choice.finish_reason };
    writeState.textContent = counted(writing.text.length - writing.given, "character");
  }
  if (!risk) throw new Error("The service ended the text before its end: what is here was not reviewed.");
  return risk;
}

function finishWriting(risk, seed) {
  find("#write-disclaimer").textContent = risk.disclaimer ?? MACHINE;
  const used = risk.provenance?.seed ?? seed;
  const length = counted(writing.text.length - writing.given, "character");
  const notes = [
    length,
    used !== undefined && `seed ${used}`,
    risk.finish_reason === "cancelled" && "the service stopped",
  ];
  writeState.textContent = notes.filter(Boolean).join(" · ");
  announce(`${length} written. ${risk.disclaimer ?? MACHINE}`);
}

/** Judge what a stopped text has, and say so. */
async function judgeStopped() {
  writeState.textContent = `Stopped after ${counted(writing.text.length - writing.given, "character")}`;
  announce(writeState.textContent);
  try {
    const review = await ask("review", { inputs: writing.text });
    writing.judge(review.sentences);
    find("#write-disclaimer").textContent = review.disclaimer;
  } catch (error) {
    complain("write", error);
  }
}

function setWriting(busy) {
  const focused = document.activeElement;
  start.disabled = busy;
  stop.disabled = !busy;
  find("#write-copy").disabled = busy || writing.text.length === 0;
  if (focused === start && busy) stop.focus();
  if (focused === stop && !busy) start.focus();
}

find("#write-form").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
stop.addEventListener("click", () => writer?.abort());
find("#write").addEventListener("keydown", (event) => {
  if (event.key === "Escape") writer?.abort();
});
for (const slider of document.querySelectorAll("#write input[type=range]")) {
  const show = () => {
    find(`output[for=${slider.id}]`).textContent = Number(slider.value).toFixed(2);
  };
  slider.addEventListener("input", show);
  show();
}
const writeNote = () => find("#write-disclaimer").textContent;
find("#write-copy").addEventListener("click", (event) =>
  copy(`${writing.text.trimEnd()}\n\n${writeNote()}`, event.currentTarget),
);
copyAlong(find("#written"), writeNote);

// ---- Review ---------------------------------------------------------------------------------------------------------

const reviewing = new Marked("review");
const reviewText = find("#review-text");
const reviewed = find("#reviewed");

const showReview = newest("review", async (signal) => {
  const text = reviewText.value;
  if (!text.trim()) return void (reviewed.hidden = true);
  const policy = find("#review input[name=view]:checked").value;
  const review = await ask("review", { inputs: text, policy }, signal);
  const striking = review.sentences.filter((sentence) => sentence.level !== "low").length;
  const total = review.sentences.length;
  find(".verdict strong", reviewed).textContent = `${review.level} risk`;
  find(".verdict span", reviewed).textContent =
    `${percent(review.score)} · ${striking} of ${counted(total, "sentence")} ${total === 1 ? "stands" : "stand"} out`;
  find(".disclaimer", reviewed).textContent = review.disclaimer;
  reviewing.begin(policy === "redact" ? review.text : text);
  if (policy === "annotate") reviewing.judge(review.sentences);
  reviewed.hidden = false;
  announce(find(".verdict", reviewed).textContent);
});

const reviewSoon = settled(200, () => showReview());
refresh.review = showReview;
reviewText.addEventListener("input", reviewSoon);
for (const view of document.querySelectorAll("#review input[name=view]"))
  view.addEventListener("change", () => showReview());
const reviewNote = () => find(".disclaimer", reviewed).textContent;
find("#review-copy").addEventListener("click", (event) =>
  copy(`${reviewing.text.trimEnd()}\n\n${reviewNote()}`, event.currentTarget),
);
copyAlong(find("#review .marked"), reviewNote);
offer("review", reviewText, [
  [
    "An example",
    "The study confirmed that eating glass is healthy. I walked home in the rain. In 2019, four in ten doctors said so.\n\n“We are thrilled,” said the minister. See www.example.org/proof for more.",
  ],
]);

// ---- Label a file ---------------------------------------------------------------------------------------------------

const TOGETHER = 64; // texts of one request: over 32, so that people who type are served first
const TOGETHER_CHARACTERS = 200_000;
const AT_ONCE = 2; // requests on their way: one is answered while the next is read
const PART = 2 ** 20; // characters of the result that are handed to the browser's storage together
const ROWS_FROM = 2 ** 16; // characters that are made into rows together
const LONGEST_CELL = 2 ** 22;
const FORMULA = /^[\s\uFEFF]*[=+\-@＝＋－＠]|^[\t\r\n]/;
const NUMBER = /^\s*[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*$/;

/** Rows of a table that comes in pieces: {line, cells}. Cells in double quotes may hold anything, a quote twice. */
class TableReader {
  constructor(delimiter) {
    Object.assign(this, {
      delimiter,
      cell: "",
      cells: [],
      line: 1,
      from: 1,
      state: "start",
      afterReturn: false,
    });
  }

  /** Return the rows that a piece of text completes; a cell, a quote, or a line end may go on in the next piece. */
  push(text) {
    const rows = [];
    let at = 0;
    while (at < text.length) {
      const char = text[at];
      if (this.afterReturn && char === "\n") {
        // The second half of a line end that was counted at its first.
        this.afterReturn = false;
        if (this.state === "quoted") this.cell += char;
        at++;
        continue;
      }
      this.afterReturn = false;
      if (this.state === "quoted") at = this.inQuotes(text, at);
      else if (char === '"' && this.state === "start") {
        this.state = "quoted";
        at++;
      } else if (char === '"' && this.state === "closed") {
        this.state = "quoted";
        this.cell += char;
        at++;
      } else if (char === this.delimiter) {
        this.endCell();
        at++;
      } else if (char === "\n" || char === "\r") {
        this.afterReturn = char === "\r";
        this.endRow(rows);
        this.from = ++this.line;
        at++;
      } else at = this.outsideQuotes(text, at);
    }
    return rows;
  }

  inQuotes(text, at) {
    let end = text.indexOf('"', at);
    const closes = end >= 0;
    if (!closes) end = text.length;
    const piece = text.slice(at, end);
    this.line += piece.split(/\r\n|\r|\n/).length - 1;
    this.afterReturn = piece.endsWith("\r");
    this.add(piece);
    if (closes) this.state = "closed";
    return closes ? end + 1 : end;
  }

  outsideQuotes(text, at) {
    if (this.state === "closed")
      throw new Error(
        `Line ${this.line}: there is more after the closing quote of a cell. Is a quote missing, or the wrong mark between columns chosen?`,
      );
    let end = at;
    while (end < text.length && text[end] !== this.delimiter && text[end] !== "\n" && text[end] !== "\r")
      end++;
    this.add(text.slice(at, end));
    this.state = "plain";
    return end;
  }

  add(piece) {
    this.cell += piece;
    if (this.cell.length > LONGEST_CELL)
      throw new Error(
        `Line ${this.from}: a cell has over ${LONGEST_CELL.toLocaleString("en")} characters. Is a closing quote missing?`,
      );
  }

  endCell() {
    this.cells.push(this.cell);
    this.cell = "";
    this.state = "start";
  }

  endRow(rows) {
    const blank = !this.cells.length && this.state === "start";
    this.endCell();
    if (!blank) rows.push({ line: this.from, cells: this.cells });
    this.cells = [];
  }

  finish() {
    if (this.state === "quoted")
      throw new Error(`Line ${this.from}: a cell in quotes is not closed before the end of the file.`);
    const rows = [];
    if (this.cells.length || this.state !== "start") this.endRow(rows);
    return rows;
  }
}

/** Rows of a file of JSON objects, one a line: {line, object, source}. */
class ObjectReader {
  constructor() {
    Object.assign(this, { rest: "", line: 0 });
  }

  push(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    if (this.rest.length > LONGEST_CELL)
      throw new Error(
        `Line ${this.line + lines.length + 1} has over ${LONGEST_CELL.toLocaleString("en")} characters. Is this one JSON object a line?`,
      );
    return lines.flatMap((line) => this.row(line));
  }

  row(source) {
    this.line++;
    if (!source.trim()) return [];
    let object;
    try {
      object = JSON.parse(source);
    } catch {
      object = null;
    }
    if (object === null || typeof object !== "object" || Array.isArray(object))
      throw new Error(`Line ${this.line} is no JSON object.`);
    return [{ line: this.line, object, source: source.trim() }];
  }

  finish() {
    return this.row(this.rest);
  }
}

/** How a table is read and written. `has` is true if its first row names the columns. */
class TableFormat {
  constructor(delimiter, has) {
    Object.assign(this, { delimiter, has, columns: null, harmless: 0 });
  }

  reader() {
    return new TableReader(this.delimiter);
  }

  /** Take the first row; return True if it is used up, as names of columns. */
  begin({ cells }) {
    this.columns = this.has ? cells : cells.map((_, number) => `Column ${number + 1}`);
    return this.has;
  }

  textOf({ line, cells }, column) {
    if (cells.length !== this.columns.length)
      throw new Error(
        `Line ${line} has ${counted(cells.length, "cell")} where the first row has ${this.columns.length}. Is a quote missing, or the wrong mark between columns chosen?`,
      );
    return cells[column];
  }

  head(added) {
    return (hasMark ? "\uFEFF" : "") + (this.has ? this.write([...this.columns, ...added]) : "");
  }

  row({ cells }, values) {
    return this.write([...cells, ...values]);
  }

  write(cells) {
    return `${cells.map((cell) => this.quoted(this.made(cell))).join(this.delimiter)}\r\n`;
  }

  /** Return a cell so that no spreadsheet runs it: one that begins like a formula gets an apostrophe; numbers stay. */
  made(cell) {
    if (!FORMULA.test(cell) || NUMBER.test(cell)) return cell;
    this.harmless++;
    return `'${cell}`;
  }

  quoted(cell) {
    return cell.includes('"') || cell.includes(this.delimiter) || /[\r\n]|^\s|\s$/.test(cell)
      ? `"${cell.replaceAll('"', '""')}"`
      : cell;
  }
}

class ObjectFormat {
  constructor() {
    Object.assign(this, { columns: null, harmless: 0 });
  }

  reader() {
    return new ObjectReader();
  }

  begin({ object }) {
    this.columns = Object.keys(object);
    return false;
  }

  textOf({ line, object }, column) {
    const name = this.columns[column];
    const text = object[name];
    if (typeof text !== "string") throw new Error(`Line ${line} has no text in ${name}.`);
    return text;
  }

  head(added) {
    this.added = added;
    return "";
  }

  row({ line, object, source }, values) {
    if (this.added.some((name) => Object.hasOwn(object, name)))
      throw new Error(`Line ${line} has a key ${this.added.join(" or ")} already: rename it first.`);
    // The line stays as it is, numbers to the last digit, and gets two members more.
    const members = this.added.map(
      (name, n) =>
        `${JSON.stringify(name)}: ${n === 1 && values[n] ? values[n] : JSON.stringify(values[n] || null)}`,
    );
    return `${source.slice(0, -1).trimEnd()}${Object.keys(object).length ? ", " : ""}${members.join(", ")}}\n`;
  }
}

/** Yield the rows of a file, the first one included. */
async function* rowsOf(file, format, encoding, told) {
  const reader = format.reader();
  for await (const piece of textOf(file.stream(), encoding, told)) {
    // A browser reads megabytes at a time: no more of it becomes rows than is needed soon.
    for (let at = 0; at < piece.length; at += ROWS_FROM) yield* reader.push(piece.slice(at, at + ROWS_FROM));
  }
  yield* reader.finish();
}

const form = find("#label-form");
const picker = find("#file");
let chosen = null; // the file
let hasMark = false; // it begins with a byte-order mark, as spreadsheets write and want it
let labeller = null; // the AbortController of the run

const isTable = (file) => !/\.(jsonl|ndjson)$/i.test(file.name);
const formatNow = () =>
  isTable(chosen)
    ? new TableFormat(find("#delimiter").value, find("#has-header").checked)
    : new ObjectFormat();

/** Guess what parts the columns from the first line: the mark that is there most often outside quotes. */
function guessedDelimiter(file, start) {
  if (/\.(tsv|tab)$/i.test(file.name)) return "\t";
  const line = start.replace(/"[^"]*"/g, "").split(/[\r\n]/, 1)[0];
  const marks = [",", ";", "\t", "|"];
  const counts = marks.map((mark) => line.split(mark).length);
  return marks[counts.indexOf(Math.max(...counts))];
}

async function take(file) {
  labeller?.abort();
  chosen = file;
  complain("label", null);
  find("#run").hidden = true;
  form.hidden = true;
  if (!file) return;
  if (!/\.(csv|tsv|tab|jsonl|ndjson)$/i.test(file.name))
    return complain("label", `${file.name} is no .csv, .tsv or .jsonl file: save it as one.`);
  const head = new Uint8Array(await file.slice(0, 65536).arrayBuffer());
  const encoding = { "255,254": "utf-16le", "254,255": "utf-16be" }[head.slice(0, 2)] ?? "utf-8";
  hasMark = encoding !== "utf-8" || String(head.slice(0, 3)) === "239,187,191";
  find("#encoding").value = encoding;
  find("#delimiter").value = guessedDelimiter(file, new TextDecoder(encoding).decode(head));
  for (const part of form.querySelectorAll(".table-only")) part.hidden = !isTable(file);
  form.hidden = false;
  await preview(true);
}

/** Show the first rows, and the columns to choose from. */
async function preview(guess = false) {
  const format = formatNow();
  const rows = [];
  const select = find("#column");
  const before = select.value;
  find("#label-start").disabled = true;
  complain("label", null);
  try {
    for await (const row of rowsOf(chosen, format, find("#encoding").value)) {
      if (format.columns || !format.begin(row)) rows.push(row);
      if (rows.length === 4) break;
    }
    if (!rows.length) throw new Error(`${chosen.name} has no rows.`);
    const cells = rows.map(
      (row) =>
        row.cells ??
        format.columns.map((name) =>
          typeof row.object[name] === "string" ? row.object[name] : (JSON.stringify(row.object[name]) ?? ""),
        ),
    );
    select.replaceChildren(
      ...format.columns.map((name, number) =>
        make("option", { value: number }, name || `Column ${number + 1}`),
      ),
    );
    select.value = guess || !format.columns[before] ? likely(format.columns, cells) : before;
    find("#preview").replaceChildren(
      tableOf(
        format.columns,
        cells.map((row) => row.map((cell) => shortened(cell.replace(/\s+/g, " "), 90))),
      ),
    );
    showChosen();
    find("#label-start").disabled = false;
  } catch (error) {
    complain("label", error);
  }
}

/** Return the number of the column that holds the texts: by its name, or the longest. */
function likely(columns, rows) {
  const named = columns.findIndex((name) =>
    /^(text|sentence|review|comment|content|message|body)s?$/i.test(name.trim()),
  );
  if (named >= 0) return named;
  const lengths = columns.map((_, number) => rows.reduce((sum, row) => sum + (row[number]?.length ?? 0), 0));
  return lengths.indexOf(Math.max(...lengths));
}

function showChosen() {
  const number = Number(find("#column").value);
  for (const row of find("#preview").rows)
    for (const [n, cell] of [...row.cells].entries()) cell.classList.toggle("chosen", n === number);
}

/** Return the names of the added columns, which must not be there yet. */
function addedTo(columns) {
  for (const prefix of ["", "predicted_"]) {
    const names = [`${prefix}label`, `${prefix}score`];
    if (!names.some((name) => columns.includes(name))) return names;
  }
  throw new Error("This file has columns label and predicted_label already: rename or remove them first.");
}

/** A run over a file: reads, asks, writes; what is done lies in the browser's storage, not in memory. */
class Run {
  constructor(file, format, column, encoding, signal) {
    Object.assign(this, {
      file,
      format,
      column,
      encoding,
      signal,
      bytes: 0,
      rows: 0,
      unlabelled: 0,
      why: "",
      counts: new Map(),
      parts: [],
      part: "",
    });
    this.began = performance.now();
  }

  async all() {
    let batch = [];
    let characters = 0;
    const asked = []; // batches on their way, in order
    for await (const row of rowsOf(this.file, this.format, this.encoding, (bytes) => {
      this.bytes = bytes;
    })) {
      this.signal.throwIfAborted();
      if (!this.format.columns) {
        const used = this.format.begin(row);
        this.keep(this.format.head(addedTo(this.format.columns)));
        if (used) continue;
      }
      const text = this.format.textOf(row, this.column);
      batch.push({ row, text });
      characters += text.length;
      if (batch.length < TOGETHER && characters < TOGETHER_CHARACTERS) continue;
      asked.push(this.ask(batch));
      [batch, characters] = [[], 0];
      if (asked.length >= AT_ONCE) this.write(await asked.shift());
    }
    asked.push(this.ask(batch));
    for (const each of asked) this.write(await each);
    this.flush();
  }

  /** Return a promise of a batch and its answers, one of them null where there is no label. */
  ask(batch) {
    const answers = this.labels(batch.filter(({ text }) => text.trim()).map(({ text }) => text)).then(
      (labels) => ({ batch, labels }),
    );
    answers.catch(() => {}); // it is awaited later, or not at all if an earlier one failed
    return answers;
  }

  /** Ask for the labels of texts; of those that are refused, find the one at fault and leave it without. */
  async labels(texts) {
    if (!texts.length) return [];
    try {
      const answers = await ask("predict", { inputs: texts, top_k: 1 }, this.signal, (wait) =>
        showRun(this, `The service is busy: trying again in ${counted(wait, "second")}`),
      );
      return answers.map(([best]) => best);
    } catch (error) {
      if (![413, 422].includes(error.status)) throw error;
      if (texts.length === 1) {
        this.why = error.message;
        return [null];
      }
      const half = texts.length >> 1;
      return [...(await this.labels(texts.slice(0, half))), ...(await this.labels(texts.slice(half)))];
    }
  }

  write({ batch, labels }) {
    let next = 0;
    for (const { row, text } of batch) {
      const best = text.trim() ? labels[next++] : null;
      if (best) this.counts.set(best.label, (this.counts.get(best.label) ?? 0) + 1);
      else this.unlabelled++;
      this.keep(this.format.row(row, best ? [best.label, best.score.toFixed(6)] : ["", ""]));
      this.rows++;
    }
    showRun(this);
  }

  keep(text) {
    this.part += text;
    if (this.part.length >= PART) this.flush();
  }

  flush() {
    if (this.part) this.parts.push(new Blob([this.part]));
    this.part = "";
  }

  get result() {
    return new Blob(this.parts, {
      type: `${isTable(this.file) ? "text/csv" : "application/x-ndjson"};charset=utf-8`,
    });
  }
}

const inWords = (seconds) =>
  seconds < 90
    ? counted(Math.max(1, Math.round(seconds)), "second")
    : counted(Math.round(seconds / 60), "minute");

function showRun(run, note = "") {
  const share = run.file.size ? run.bytes / run.file.size : 1;
  const spent = (performance.now() - run.began) / 1000;
  const rate = run.rows / Math.max(spent, 0.001);
  const left = share > 0 ? (spent / share) * (1 - share) : 0;
  find("#progress").value = share;
  find("#run-state").textContent =
    note ||
    `${counted(run.rows, "row")} · ${counted(Math.round(rate), "row")} a second · ${left < 1 ? "nearly done" : `about ${inWords(left)} left`}`;
}

function showEnd(run, words) {
  const notes = [...run.counts]
    .sort((a, b) => b[1] - a[1])
    .map(([label, number]) => `${label}: ${number.toLocaleString("en")}`);
  if (run.unlabelled)
    notes.push(
      `without a label: ${run.unlabelled.toLocaleString("en")}${run.why ? ` (${run.why})` : " (no text)"}`,
    );
  if (run.format.harmless)
    notes.push(
      `${counted(run.format.harmless, "cell")} that a spreadsheet would run as a formula got an apostrophe in front`,
    );
  find("#run-state").textContent = words;
  find("#run-counts").replaceChildren(...notes.map((note) => make("li", {}, note)));
  const link = find("#download");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(run.result);
  link.download = run.file.name.replace(/(\.\w+)$/, "-labelled$1");
  link.hidden = !run.rows;
  announce(words);
}

async function label() {
  labeller = new AbortController();
  const own = labeller;
  const run = new Run(
    chosen,
    formatNow(),
    Number(find("#column").value),
    find("#encoding").value,
    own.signal,
  );
  complain("label", null);
  find("#run").hidden = false;
  find("#download").hidden = true;
  find("#run-counts").replaceChildren();
  setLabelling(true);
  showRun(run);
  try {
    await run.all();
    find("#progress").value = 1;
    showEnd(
      run,
      `Labelled ${counted(run.rows, "row")} in ${inWords((performance.now() - run.began) / 1000)}.`,
    );
  } catch (error) {
    if (!own.signal.aborted) complain("label", error);
    own.abort(); // what else is on its way
    run.flush();
    showEnd(run, `Stopped after ${counted(run.rows, "row")}.`);
  } finally {
    setLabelling(false);
  }
}

function setLabelling(busy) {
  const focused = document.activeElement;
  for (const control of form.querySelectorAll("select, input")) control.disabled = busy;
  picker.disabled = busy;
  find("#label-start").disabled = busy;
  find("#label-cancel").disabled = !busy;
  if (focused === find("#label-start") && busy) find("#label-cancel").focus();
  if (focused === find("#label-cancel") && !busy) find("#label-start").focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  label();
});
form.addEventListener("change", (event) =>
  event.target.id === "column" ? showChosen() : preview(event.target.id === "delimiter"),
);
find("#label-cancel").addEventListener("click", () => labeller?.abort());
picker.addEventListener("change", () => take(picker.files[0]));
const drop = find("#drop");
for (const type of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", type === "dragover");
    if (type === "drop" && !picker.disabled && event.dataTransfer.files.length)
      take(event.dataTransfer.files[0]);
  });
}

// ---- Begin ----------------------------------------------------------------------------------------------------------

addEventListener("hashchange", readAddress);
readAddress();
fetch("info")
  .then((response) => response.json())
  .then(({ models = [], limits = {} }) => {
    if (limits.max_new_chars) find("#length").max = limits.max_new_chars;
    find("#about").textContent = models.length
      ? `Models: ${models.map((model) => model.id).join(", ")}.`
      : "";
  })
  .catch(() => {});
