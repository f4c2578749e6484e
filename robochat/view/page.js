// The page's wiring: news from the server go to the panels, what a person types goes back.
// All text is inserted as text. The server's policy forbids everything else.

import { Decisions, Dialogue, People, Plans, Stages, byId } from './panels.js';
import { Picture } from './picture.js';

const token = document.querySelector('meta[name=token]').content;
const silentForMs = 8000;

const picture = new Picture(byId('picture'), byId('no_picture'));
const dialogue = new Dialogue(rate);
const decisions = new Decisions();
const people = new People();
const plans = new Plans(rate);
const stages = new Stages();
let run = null;
let lastNewsMs = 0;

const shows = {
  emotions: (item) => {
    picture.faces(item);
    people.faces(item);
  },
  scene: (item) => picture.things(item),
  world: (item) => people.show(item),
  decision: (item) => decisions.show(item),
  plan: (item) => plans.show(item),
  diagnostics: (item) => stages.show(item),
  turn: (item) => stages.showTurn(item),
  utterance: (item) => dialogue.show(item),
  speech: (item) => dialogue.show(item),
  refusal: (item) => dialogue.show(item),
};

// --------------------------------------------------------------------------- news
function greet(hello) {
  if (run !== null && run !== hello.run) location.reload(); // its token has gone with the old run
  run = hello.run;
  byId('name').textContent = document.title = hello.robot.replace(/^\//, '');
  [dialogue, decisions, plans].forEach((panel) => panel.clear());
}

function listen() {
  const news = new EventSource('/news');
  news.onmessage = (event) => {
    const item = JSON.parse(event.data);
    if (item.key === 'hello') greet(item);
    else {
      lastNewsMs = performance.now();
      shows[item.kind]?.(item);
    }
    link();
  };
  news.onerror = () => {
    link('lost');
    if (news.readyState === EventSource.CLOSED) setTimeout(listen, 2000); // refused, not broken off
  };
}

function link(state) {
  const quiet = performance.now() - lastNewsMs > silentForMs;
  const now = state ?? (lastNewsMs === 0 || quiet ? 'quiet' : 'live');
  const words = { lost: 'no connection', quiet: 'waiting for the robot', live: 'live' };
  byId('link').className = `pill ${now}`;
  if (byId('link').textContent !== words[now]) byId('link').textContent = words[now];
}

setInterval(() => {
  if (!byId('link').classList.contains('lost')) link();
}, 2000);

// --------------------------------------------------------------------------- what a person types
async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Robochat-Token': token },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) return { error: said.error };
    return said.listeners > 0 ? {} : { error: 'nobody listens: does the robot run?' };
  } catch {
    return { error: 'the page has lost its server' };
  }
}

function tell(result, done) {
  byId('answer').className = result.error ? 'bad' : '';
  byId('answer').textContent = result.error ?? done;
  return !result.error;
}

async function rate(id, rating, correction) {
  return tell(await post('/rate', { id, rating, correction }), 'thank you: the rating was sent');
}

byId('say').addEventListener('submit', async (event) => {
  event.preventDefault();
  const words = byId('words').value.trim();
  if (words && tell(await post('/say', { text: words }), '')) byId('words').value = '';
});

listen();
picture.start();
