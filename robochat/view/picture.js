// The camera's picture with what was seen drawn over it. A picture is fetched when the last one has
// been drawn, and none while the page is hidden, so a slow link or a hidden page costs nothing.

const FRESH_MS = 1500;
const SCENE_MS = 4000;
const MOODS = {
  happy: '#ffbe3c', sad: '#5a96ff', angry: '#ff5546', surprise: '#cd82ff',
  fear: '#9678e6', disgust: '#96be50', neutral: '#ebebe1',
};
const UNSURE = '#b4b4b4';
const THING = '#5ad7c8';
const FACING = '#5ae66e';
const AVERTED = '#ebebe1';
const INK = 'rgba(14, 17, 21, .78)';

export const moodColor = (label, certain) => (certain && MOODS[label]) || UNSURE;
const percent = (share) => `${Math.round((share ?? 0) * 100)} %`;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Picture {
  #canvas;
  #note;
  #pen;
  #bitmap = null;
  #number = 0;
  #faces = { at: -Infinity, width: 0, height: 0, emotions: [] };
  #scene = { at: -Infinity, width: 0, height: 0, objects: [] };
  #drawing = false;
  #labels = [];

  constructor(canvas, note) {
    this.#canvas = canvas;
    this.#note = note;
    this.#pen = canvas.getContext('2d');
  }

  faces(item) {
    this.#faces = { ...item, at: performance.now() };
    this.#draw();
  }

  things(item) {
    this.#scene = { ...item, at: performance.now() };
    this.#draw();
  }

  async start() {
    for (;;) {
      if (document.hidden) await pause(300);
      else if (!(await this.#fetch())) await pause(1000);
    }
  }

  // Fetch and show the next picture; false when the server gave none for a reason that will last.
  async #fetch() {
    try {
      const answer = await fetch(`/picture?after=${this.#number}`);
      if (answer.status === 204) this.#say('no picture: is the camera on, and its topic right?');
      if (answer.status !== 200) return answer.status === 204;
      const bitmap = await createImageBitmap(await answer.blob());
      this.#number = Number(answer.headers.get('X-Picture')) || 0;
      this.#bitmap?.close();
      this.#bitmap = bitmap;
      this.#say('');
      this.#draw();
      return true;
    } catch {
      return false;
    }
  }

  #say(words) {
    this.#note.hidden = !words;
    if (words) {
      this.#note.textContent = words;
      this.#bitmap?.close();
      this.#bitmap = null;
    }
    if (words) this.#draw();
  }

  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#paint();
    });
  }

  #paint() {
    const now = performance.now();
    const faces = now - this.#faces.at < FRESH_MS ? this.#faces.emotions : [];
    const things = now - this.#scene.at < SCENE_MS ? this.#scene.objects : [];
    const { width, height } = this.#size();
    const canvas = this.#canvas;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.#pen.clearRect(0, 0, width, height);
    if (this.#bitmap) this.#pen.drawImage(this.#bitmap, 0, 0, width, height);
    this.#labels = [];
    const size = Math.min(2.5, Math.max(0.6, width / (canvas.clientWidth || width))); // readable when shrunk
    for (const thing of things) this.#thing(thing, this.#scale(this.#scene, width), size);
    for (const face of faces) this.#face(face, this.#scale(this.#faces, width), size);
  }

  #size() {
    const seen = this.#bitmap ?? (this.#faces.width ? this.#faces : { width: 640, height: 480 });
    const shrink = Math.min(1, 1920 / seen.width);
    return { width: Math.round(seen.width * shrink), height: Math.round(seen.height * shrink) };
  }

  // Boxes are in pixels of the picture that perception saw, which may be another size than ours.
  #scale(seen, width) {
    return seen.width ? width / seen.width : 1;
  }

  #thing(thing, scale, size) {
    const [x, y, wide, high] = thing.box.map((v) => v * scale);
    this.#stroke(THING, 1.5 * size, (pen) => pen.rect(x, y, wide, high));
    this.#tag(x, y, `${thing.id.replaceAll('_', ' ')} ${percent(thing.score)}`, THING, 0.85 * size);
  }

  #face(face, scale, size) {
    const [x, y, wide, high] = face.box.map((v) => v * scale);
    const color = moodColor(face.label, face.certain);
    const reach = Math.min(wide, high) * 0.22;
    this.#stroke(color, 2 * size, (pen) => {
      for (const [cx, right] of [[x, 1], [x + wide, -1]]) {
        for (const [cy, down] of [[y, 1], [y + high, -1]]) {
          pen.moveTo(cx + right * reach, cy);
          pen.lineTo(cx, cy);
          pen.lineTo(cx, cy + down * reach);
        }
      }
    });
    if (face.yaw !== null && face.pitch !== null) this.#gaze(face, x + wide / 2, y + high / 2, wide, size);
    this.#tag(x, y - 4 * size, describe(face), color, size);
  }

  // Where the head points: an arrow, or a dot when that is into the camera.
  #gaze(face, x, y, wide, size) {
    const right = Math.sin(face.yaw) * Math.cos(face.pitch) * wide * 1.3;
    const down = -Math.sin(face.pitch) * wide * 1.3;
    const color = face.facing ? FACING : AVERTED;
    if (Math.hypot(right, down) < 7 * size) {
      this.#stroke(color, 4 * size, (pen) => pen.arc(x, y, 2 * size, 0, 7));
      return;
    }
    const angle = Math.atan2(down, right);
    const head = Math.hypot(right, down) * 0.28;
    this.#stroke(color, 2 * size, (pen) => {
      pen.moveTo(x, y);
      pen.lineTo(x + right, y + down);
      for (const turn of [2.6, -2.6]) {
        pen.moveTo(x + right, y + down);
        pen.lineTo(x + right + head * Math.cos(angle + turn), y + down + head * Math.sin(angle + turn));
      }
    });
  }

  #stroke(color, width, path) {
    const pen = this.#pen;
    pen.beginPath();
    path(pen);
    pen.lineCap = pen.lineJoin = 'round';
    for (const [style, more] of [[INK, 2], [color, 0]]) {
      pen.strokeStyle = style;
      pen.lineWidth = width + more;
      pen.stroke();
    }
  }

  // Write above a corner, clear of other labels.
  #tag(x, y, text, color, size) {
    const pen = this.#pen;
    pen.font = `${Math.round(13 * size)}px system-ui, sans-serif`;
    const pad = 5 * size;
    const wide = pen.measureText(text).width + 3 * pad;
    const high = 19 * size;
    const left = Math.min(Math.max(0, x), Math.max(0, this.#canvas.width - wide));
    let top = Math.max(0, y - high);
    const covers = (other) => left < other.left + other.wide && other.left < left + wide
      && top < other.top + high && other.top < top + high;
    while (this.#labels.some(covers) && top - high >= 0) top -= high;
    this.#labels.push({ left, top, wide });
    pen.fillStyle = INK;
    pen.fillRect(left, top, wide, high);
    pen.fillStyle = color;
    pen.fillRect(left, top, pad / 2, high);
    pen.fillStyle = '#fafaf5';
    pen.textBaseline = 'middle';
    pen.fillText(text, left + 2 * pad, top + high / 2 + size);
  }
}

function describe(face) {
  const words = [face.person];
  if (face.label) words.push(`${face.label}${face.certain ? '' : '?'} ${percent(face.score)}`);
  if (face.distance) words.push(`${face.distance.toFixed(1)} m`);
  if (face.mouth_active) words.push('talking');
  return words.join('  ');
}
