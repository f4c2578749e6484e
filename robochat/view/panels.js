// The panels. What a message says is only ever set as text.

import { moodColor } from './picture.js';

const MOST = { decisions: 150, dialogue: 100, plans: 4 };
const MOST_BARS = 8;
const ENGAGEMENT = ['unknown', 'disengaged', 'engaging', 'engaged', 'disengaging'];
const PLAN = ['proposed', 'accepted', 'refused'];
const PROGRESS = ['pending', 'running', 'succeeded', 'failed', 'canceled', 'replanning'];
const SUCCEEDED = 2;
const FAILED = 3;
const FAULTY = 2;
const GOOD = 1;
const BAD = -1;

export const byId = (id) => document.getElementById(id);
const percent = (share) => `${Math.round((share ?? 0) * 100)} %`;
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
const orWord = (number, digits, unit, word = '') => (number === null || number === undefined ? word : `${number.toFixed(digits)} ${unit}`);

// Make an element with attributes and children; strings become text.
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') made.className = value;
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made[name] = value;
  }
  made.append(...children.flat(Infinity).filter((child) => child !== '' && child !== null));
  return made;
}

const chip = (text, kind = '') => el('span', { class: `chip ${kind}`, title: text }, text);

function moodChip(text, label, certain) {
  const made = chip(text, 'mood');
  made.style.setProperty('--mood', moodColor(label, certain));
  return made;
}

// A list of keyed items, each drawn anew when it changes; the oldest give way.
class List {
  #list;
  #empty;
  #shown = new Map();
  #newestFirst;
  #most;

  constructor(list, most, newestFirst) {
    this.#list = list;
    this.#empty = list.firstElementChild;
    this.#most = most;
    this.#newestFirst = newestFirst;
  }

  clear() {
    this.#shown.clear();
    this.#list.replaceChildren(this.#empty);
  }

  put(key, element) {
    const old = this.#shown.get(key);
    this.#shown.set(key, element);
    if (old) {
      old.replaceWith(element);
      return;
    }
    this.#empty.remove();
    if (this.#newestFirst) this.#list.prepend(element);
    else this.#list.append(element);
    if (this.#shown.size > this.#most) {
      const [first, oldest] = this.#shown.entries().next().value;
      this.#shown.delete(first);
      oldest.remove();
    }
  }
}

// The buttons by which a person rates an utterance or a plan.
const rateButtons = (item, rate) => [[GOOD, 'good'], [BAD, 'bad']].map(([rating, word]) => el('button', {
  type: 'button',
  class: `rate ${word} ${item.rating === rating ? 'chosen' : ''}`,
  ariaPressed: String(item.rating === rating),
  onclick: (event) => rate(rating, event),
}, word));

// --------------------------------------------------------------------------- decisions
export class Decisions {
  #list = new List(byId('decisions'), MOST.decisions, true);
  #items = new Map();
  #chosen = null;

  constructor() {
    byId('live').addEventListener('click', () => this.#choose(null));
    byId('silences').addEventListener('change', (event) => {
      byId('decisions').classList.toggle('only_words', !event.target.checked);
    });
  }

  clear() {
    this.#list.clear();
    this.#items.clear();
    this.#chosen = null;
    byId('live').hidden = true;
  }

  show(item) {
    this.#items.set(item.key, item);
    if (this.#items.size > MOST.decisions) this.#items.delete(this.#items.keys().next().value);
    this.#list.put(item.key, this.#entry(item));
    if (this.#chosen === null) this.#explain(item);
  }

  #entry(item) {
    const lasted = item.until - item.t;
    const [title, text] = item.speak
      ? [`speaks to ${item.addressee || 'anyone'}`, `${item.trigger.replaceAll('_', ' ')}: ${item.reason}`]
      : ['silent', item.reason];
    return el('li', {
      class: `entry ${item.speak ? 'speak' : 'silent'} ${item.key === this.#chosen ? 'chosen' : ''}`,
      tabIndex: 0,
      onclick: () => this.#choose(item.key),
      onkeydown: (event) => event.key === 'Enter' && this.#choose(item.key),
    }, el('time', { class: 'number' }, clock(item.t)),
    el('span', {}, el('b', {}, title), ` ${text}`, lasted >= 1 ? el('span', { class: 'soft' }, ` · ${Math.round(lasted)} s`) : ''));
  }

  // Keep one decision in view until the person goes back to the newest.
  #choose(key) {
    const before = this.#chosen;
    this.#chosen = key;
    for (const changed of [before, key]) {
      const item = this.#items.get(changed);
      if (item) this.#list.put(changed, this.#entry(item));
    }
    byId('live').hidden = key === null;
    this.#explain(this.#items.get(key) ?? [...this.#items.values()].pop());
  }

  #explain(item) {
    if (!item) return;
    const verdict = item.speak ? `Speaks to ${item.addressee || 'anyone'}` : 'Stays silent';
    const facts = item.speak ? [chip(item.trigger.replaceAll('_', ' '), 'strong')] : [];
    if (item.score) facts.push(chip(`score ${item.score.toFixed(2)}`, 'number strong'));
    byId('verdict').replaceChildren(
      el('p', { class: `verdict ${item.speak ? 'speak' : ''}` }, verdict),
      el('p', {}, item.reason),
      el('div', { class: 'chips' }, facts, item.evidence.map((words) => chip(words))),
      weights(item),
    );
  }
}

// What each feature added to the score or took from it, the most telling first.
function weights(item) {
  const names = item.features ?? [];
  if (!names.length) return el('p', { class: 'soft' }, 'a rule decided, nothing was weighed');
  const parts = names
    .map((name, at) => ({ name, value: item.feature_values[at] ?? 0, weight: item.weights[at] ?? 0 }))
    .map((part) => ({ ...part, effect: part.value * part.weight }))
    .filter((part) => Math.abs(part.effect) > 0.005)
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
    .slice(0, MOST_BARS);
  const most = Math.max(...parts.map((part) => Math.abs(part.effect)), 0.01);
  return el('div', { class: 'weights' }, parts.map((part) => [
    el('span', {}, part.name.replaceAll('_', ' ')),
    bar(part.effect / most),
    el('span', { class: 'number soft', title: 'value × weight' }, `${part.value.toFixed(2)} × ${part.weight.toFixed(2)}`),
  ]));
}

function bar(share) {
  const filled = el('i', { class: share < 0 ? 'minus' : '' });
  filled.style.width = `${Math.abs(share) * 50}%`;
  filled.style[share < 0 ? 'right' : 'left'] = '50%';
  return el('div', { class: 'bar' }, filled);
}

// --------------------------------------------------------------------------- dialogue
export class Dialogue {
  #list = new List(byId('talk'), MOST.dialogue, false);
  #rate;

  constructor(rate) {
    this.#rate = rate;
  }

  clear() {
    this.#list.clear();
  }

  show(item) {
    const box = byId('talk');
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
    const draw = { utterance: () => this.#utterance(item), speech: () => speech(item), refusal: () => refusal(item) };
    this.#list.put(item.key, draw[item.kind]());
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  #utterance(item) {
    const note = `${clock(item.t)} to ${item.addressee || 'everyone'}: ${item.reason}`;
    const made = el('li', { class: `said robot ${item.hushed ? 'hushed' : ''}` },
      el('p', {}, item.text),
      el('small', {}, note, item.hushed ? ' · stopped, a person spoke' : '',
        rateButtons(item, async (rating, event) => {
          const said = event.target.closest('li');
          if (await this.#rate(item.id, rating, '') && rating === BAD) this.#askForBetter(said, item);
        })));
    return made;
  }

  // Offer to say what would have been right.
  #askForBetter(said, item) {
    if (said.querySelector('form')) return;
    const words = el('input', { maxLength: 500, placeholder: 'What would have been right? (optional)' });
    const form = el('form', {
      autocomplete: 'off',
      onsubmit: async (event) => {
        event.preventDefault();
        if (!words.value.trim() || await this.#rate(item.id, BAD, words.value.trim())) form.remove();
      },
    }, words, el('button', {}, 'Send'));
    // The rating may have come back, and the line been drawn anew, in the meantime.
    const shown = said.isConnected ? said : byId('talk').lastElementChild;
    shown.append(form);
    words.focus();
  }
}

const speech = (item) => el('li', { class: 'said person' }, el('p', {}, item.text), el('small', {}, clock(item.t)));
const refusal = (item) => el('li', { class: 'said held' },
  el('p', {}, `held back (${item.what}): ${item.reason}`), el('small', {}, clock(item.t)));

// --------------------------------------------------------------------------- world
export class People {
  #faces = new Map();

  faces(item) {
    this.#faces = new Map(item.emotions.map((face) => [face.person, face]));
  }

  show(world) {
    const cards = world.people.map((person) => card(person, this.#faces.get(person.id)));
    byId('people').replaceChildren(...(cards.length ? cards : [el('li', { class: 'empty' }, 'nobody is in view')]));
    byId('things').replaceChildren(...world.objects.map((thing) => el('li', { class: 'chip', title: thing.id },
      [thing.id.replaceAll('_', ' '), ...thing.relations].join(', '))));
    byId('place').textContent = world.place ? `${world.place} ${percent(world.place_score)}` : '';
    const { battery, holding, place, speaking } = world.robot;
    const facts = [place && `at ${place.replaceAll('_', ' ')}`, holding && `holds ${holding}`, speaking && 'speaking',
      battery !== null && `battery ${percent(battery)}`];
    byId('robot').replaceChildren(...facts.filter(Boolean).map((words) => chip(words)));
  }
}

function card(person, face) {
  const filled = el('i');
  filled.style.width = percent(person.engagement).replace(' ', '');
  const signs = [
    person.facing && `faces the robot ${person.facing_sec.toFixed(1)} s`,
    person.mouth_active && 'talking',
    person.on_phone && 'on the phone',
    person.eyes_closed && 'eyes closed',
    person.with_others > 0.3 && `turned to others ${percent(person.with_others)}`,
    Math.abs(person.approach_mps) > 0.1 && `${person.approach_mps > 0 ? 'comes' : 'goes'} ${Math.abs(person.approach_mps).toFixed(1)} m/s`,
  ];
  return el('li', { class: `person_card ${person.visible ? '' : 'away'}` },
    el('div', { class: 'top' },
      el('b', {}, person.name || person.id),
      el('span', { class: 'soft' }, [person.name && person.id, orWord(person.distance_m, 1, 'm')].filter(Boolean).join(' · ')),
      el('span', { class: 'number' }, `${ENGAGEMENT[person.engagement_state] ?? 'unknown'} ${percent(person.engagement)}`)),
    el('div', { class: 'meter', title: 'probability that this person wants to interact' }, filled),
    el('div', { class: 'chips' },
      person.mood
        ? moodChip(`looks ${person.mood} ${orWord(person.mood_sec, 0, 's')}`, person.mood, person.mood_certain)
        : moodChip('no lasting mood', '', false),
      face?.label
        ? moodChip(`now ${face.label}${face.certain ? '' : '?'} ${percent(face.score)}`, face.label, face.certain)
        : null,
      signs.filter(Boolean).map((words) => chip(words))));
}

// --------------------------------------------------------------------------- plans
export class Plans {
  #plans = new Map();
  #rate;
  #rated = '';

  constructor(rate) {
    this.#rate = rate;
  }

  clear() {
    this.#plans.clear();
    this.#draw();
  }

  show(item) {
    this.#plans.set(item.key, item);
    if (this.#plans.size > MOST.plans) this.#plans.delete(this.#plans.keys().next().value);
    this.#draw();
  }

  #draw() {
    const [newest, ...earlier] = [...this.#plans.values()].reverse();
    if (!newest) byId('plan').replaceChildren(el('p', { class: 'empty' }, 'no plan yet'));
    else byId('plan').replaceChildren(...plan(newest), ...earlier.map((old) => el('p', { class: 'earlier' }, `${old.goal || old.id}: ${state(old)}`)));
    this.#offerRating(newest);
  }

  // Leave the buttons in place while a plan goes on, or a click could fall between two of them.
  #offerRating(item) {
    const rated = item ? `${item.id} ${item.rating}` : '';
    if (rated === this.#rated) return;
    this.#rated = rated;
    byId('plan_rating').replaceChildren(...(item ? rateButtons(item, (rating) => this.#rate(item.id, rating, '')) : []));
  }
}

const state = (item) => (item.progress ? PROGRESS[item.progress.status] : PLAN[item.status]) ?? 'unknown';

function plan(item) {
  const bad = item.status === 2 || item.progress?.status === FAILED;
  const news = item.refusal || item.progress?.message || '';
  return [
    el('p', {}, el('span', { class: 'goal' }, item.goal || item.id),
      el('span', { class: bad ? 'refused' : 'soft' }, ` · ${state(item)}${item.version > 1 ? `, version ${item.version}` : ''}`)),
    el('ol', { class: 'steps' }, item.steps.map((step, at) => el('li', { class: stepState(item, at) },
      `${step.skill}(${step.arguments.map((argument) => argument.value).join(', ')})`))),
    el('p', { class: bad ? 'failed_text' : 'soft' }, news),
  ];
}

function stepState(item, at) {
  const { progress, steps } = item;
  if (!progress) return '';
  if (progress.status === SUCCEEDED) return 'done';
  const now = steps.findIndex((step) => step.id === progress.step_id);
  if (at < now) return 'done';
  if (at > now) return '';
  return progress.status === FAILED ? 'failed' : 'running';
}

// --------------------------------------------------------------------------- stages
export class Stages {
  show(item) {
    const [rest, stages] = [item.stages.filter((s) => !('runs' in s.values)), item.stages.filter((s) => 'runs' in s.values)];
    byId('stage_rows').replaceChildren(...stages.map(row));
    const node = rest[0]?.values ?? {};
    const warm = node['model is warm'] === 'not yet' ? ' (reads its prompts)' : '';
    const faults = rest.filter((s) => s.level === FAULTY).map((s) => chip(s.message, 'fault'));
    byId('model').replaceChildren(...faults, ...(node.model ? [chip(`${node.model}${warm}`)] : []));
  }

  showTurn(item) {
    const first = item.first_text_sec === null ? '' : `, first words after ${item.first_text_sec.toFixed(2)} s`;
    const why = item.fallback ? `; a phrase was said: ${item.fallback}` : '';
    byId('turn').textContent = `last answer by ${item.model}: ${item.seconds.toFixed(2)} s${first}, ${item.tokens_out} tokens${why}`;
  }
}

function row(stage) {
  const { values } = stage;
  const dropped = Object.entries(values).filter(([name]) => name.startsWith('dropped'));
  const total = dropped.reduce((sum, [, count]) => sum + Number(count), 0);
  return el('tr', { class: `level_${stage.level}`, title: [stage.message, ...dropped.map((d) => d.join(' '))].join('\n') },
    el('td', {}, stage.stage),
    ...['rate (Hz)', 'latency p50 (ms)', 'latency p99 (ms)'].map((name) => el('td', {}, short(values[name]))),
    el('td', {}, String(total)));
}

function short(text) {
  const number = Number(text);
  return Number.isFinite(number) ? number.toFixed(1) : '–';
}
