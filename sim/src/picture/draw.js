'use strict';
(() => {
const $ = id => document.getElementById(id);
const story = JSON.parse($('story').textContent);
const lanes = story.lanes;

// The steps, decoded as encode.rs wrote them.
const rows = [], batches = [], made = new Map(), rowOf = new Map();
{
  const flat = story.flat;
  const patterns = story.patterns.map(words => words.map(word => story.words[word]).join(' '));
  let at = 0, step = -1, time = 0, revno = 0;
  const text = () => patterns[flat[at++]].replace(/##|#/g, found => found === '##' ? '#' : flat[at++]);
  while (at < flat.length) {
    const bits = flat[at++];
    const row = { index: rows.length, lane: (bits >> 4) - 1, fault: bits >> 3 & 1, texts: [], woken: [], batches: [] };
    row.step = step += 1 + (bits & 1 ? flat[at++] : 0);
    row.time = time += bits & 2 ? flat[at++] : 0;
    row.grew = bits & 4 ? flat[at++] : 0;
    for (let more = revno + 1; more <= revno + row.grew; more++) made.set(more, row.index);
    row.revno = revno += row.grew;
    const counts = flat[at++];
    for (let count = counts & 1023; count > 0; count--) row.texts.push(text());
    for (let count = counts >> 10 & 63; count > 0; count--) row.woken.push(flat[at++]);
    for (let count = counts >> 16; count > 0; count--) {
      const batch = { row: row.index, lane: flat[at++], revno: revno - flat[at++], span: flat[at++] };
      batch.deltas = text();
      batch.after = batch.revno - batch.span;
      const first = batch.span > 0 ? made.get(batch.after + 1) : undefined;
      batch.from = first === undefined ? row.index : first;
      row.batches.push(batch);
      batches.push(batch);
    }
    rowOf.set(row.step, row.index);
    rows.push(row);
  }
}

const HEIGHTS = [2, 3, 4, 6, 9, 13, 18, 24, 32, 44];
const NAMES = 62, STEP = 44, REVNO = 34, TEXT = 110;
let zoom = 6, chosen = -1, queued = false;
const scroll = $('scroll'), svg = $('rows'), height = () => HEIGHTS[zoom];

const make = (name, attributes, parent, words) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (words !== undefined) element.textContent = words;
  if (parent) parent.append(element);
  return element;
};

const layout = () => {
  const width = scroll.clientWidth;
  const room = (width - STEP - REVNO - TEXT) / Math.max(lanes.length, 1);
  const lane = Math.max(19, Math.min(46, room));
  const right = STEP + REVNO + lanes.length * lane;
  return { width: Math.max(width, right + TEXT), lane, right, x: index => STEP + REVNO + (index + .5) * lane };
};

const drawNames = ({ width, x }) => {
  const names = $('names');
  names.replaceChildren();
  names.setAttribute('width', width);
  names.setAttribute('height', NAMES);
  make('text', { x: STEP - 6, y: NAMES - 6, class: 'number dim' }, names, 'step');
  make('text', { x: STEP + 4, y: NAMES - 6, class: 'dim' }, names, 'revno');
  lanes.forEach((name, index) => {
    const place = `translate(${x(index) + 4} ${NAMES - 4}) rotate(-62)`;
    make('text', { transform: place }, names, name);
  });
};

const classes = (first, row) =>
  [first, row.index === story.wrong && 'wrong', row.index === chosen && 'chosen'].filter(Boolean).join(' ');

const drawGround = (row, top, { width }) => make('rect', {
  class: classes('ground', row), 'data-row': row.index, x: 0, y: (row.index - top) * height(), width, height: height(),
});

const drawRow = (row, top, { right, x }) => {
  const high = height(), y = (row.index - top + .5) * high, size = Math.min(5, Math.max(1, high / 3));
  const group = make('g', { 'data-step': row.step, class: classes('row', row), 'data-row': row.index });
  const isTold = high >= 13, isMarked = row.index === story.wrong;
  if (isTold || isMarked || row.index % Math.ceil(26 / high) === 0 && high >= 2) {
    const link = make('a', { href: `#step-${row.step}` }, group);
    make('text', { class: 'number', x: STEP - 6, y: y + 4 }, link, (isMarked ? '▶ ' : '') + row.step);
  }
  if (row.grew) {
    make('line', { class: 'axis', x1: STEP, x2: STEP + 5, y1: y, y2: y }, group);
    if (high >= 9) make('text', { x: STEP + 7, y: y + 4 }, group, `r${row.revno}`);
  }
  // The square of a batch stands for the dot.
  if (row.lane >= 0 && !row.batches.some(batch => batch.lane === row.lane)) {
    const at = x(row.lane);
    if (row.fault) {
      const far = size + 1;
      make('path', { class: 'fault', d: `M${at - far} ${y}L${at} ${y - far}L${at + far} ${y}L${at} ${y + far}Z` }, group);
    } else {
      make('circle', { class: 'dot', cx: at, cy: y, r: size }, group);
    }
  }
  const from = row.lane >= 0 ? x(row.lane) : STEP + 2;
  for (const lane of new Set(row.woken)) {
    const to = x(lane), way = to < from ? -1 : 1, tip = to - way * (size + 1);
    make('line', { class: 'wake', x1: from + way * size, x2: tip, y1: y, y2: y }, group);
    make('path', { class: 'head', d: `M${tip} ${y}l${-way * 5} -3.5v7Z` }, group);
  }
  if (isTold) {
    const what = make('text', { class: 'what', x: right + 12, y: y + 4 }, group, row.texts[0]);
    const more = [...row.batches.map(batch => batch.deltas), ...row.texts.slice(1)].join('; ');
    if (more) {
      const words = document.createElementNS(what.namespaceURI, 'tspan');
      words.setAttribute('class', 'dim');
      words.textContent = ` · ${more}`;
      what.append(words);
    }
  }
  return group;
};

// A bar from where its first revno was made, a notch at each, and a square where it was handed over.
const drawBatch = (batch, top, bottom, { x }) => {
  const high = height(), at = x(batch.lane), y = index => (index - top + .5) * high;
  const group = make('g', { class: 'batches', 'data-from': batch.from, 'data-to': batch.row });
  if (batch.from < batch.row) {
    const above = Math.max(batch.from, top - 2), below = Math.min(batch.row, bottom + 2);
    make('line', { class: 'bar', x1: at, x2: at, y1: y(above), y2: y(below) }, group);
    for (let revno = batch.after + 1; revno <= batch.revno; revno++) {
      const index = made.get(revno);
      if (index >= top && index <= bottom) {
        make('line', { class: 'notch', x1: at - 6, x2: at + 6, y1: y(index), y2: y(index) }, group);
      }
    }
  }
  if (batch.row >= top && batch.row <= bottom) {
    const size = Math.min(6, Math.max(1.5, high / 2.6));
    make('rect', { class: 'batch', x: at - size, y: y(batch.row) - size, width: 2 * size, height: 2 * size }, group);
    if (batch.span > 1 && high >= 13) make('text', { x: at + 8, y: y(batch.row) + 4 }, group, `×${batch.span}`);
  }
  return group;
};

// Only what is in view, and a little more, is in the document. No step has an id: the browser would go there by its own rules.
const draw = () => {
  queued = false;
  const high = height(), place = layout();
  const top = Math.max(0, Math.floor(scroll.scrollTop / high) - 4);
  const bottom = Math.min(rows.length - 1, Math.ceil((scroll.scrollTop + scroll.clientHeight) / high) + 4);
  const whole = Math.floor((scroll.scrollTop + scroll.clientHeight - NAMES) / high) - 1;
  svg.dataset.inView = `${Math.ceil(scroll.scrollTop / high)}..${Math.min(whole, rows.length - 1)}`;
  drawNames(place);
  $('space').style.height = `${rows.length * high}px`;
  svg.style.top = `${top * high}px`;
  svg.setAttribute('width', place.width);
  svg.setAttribute('height', (bottom - top + 1) * high);
  svg.replaceChildren();
  const tall = (bottom - top + 1) * high;
  const shown = rows.slice(top, bottom + 1);
  svg.replaceChildren(...shown.map(row => drawGround(row, top, place)));
  make('line', { class: 'axis', x1: STEP, x2: STEP, y1: 0, y2: tall }, svg);
  lanes.forEach((_, index) => make('line', { class: 'lane', x1: place.x(index), x2: place.x(index), y1: 0, y2: tall }, svg));
  for (const batch of batches) {
    if (batch.row >= top && batch.from <= bottom) svg.append(drawBatch(batch, top, bottom, place));
  }
  svg.append(...shown.map(row => drawRow(row, top, place)));
};
const redraw = () => { if (!queued) { queued = true; requestAnimationFrame(draw); } };

const tell = row => {
  const detail = $('detail'), add = (name, words, kind) => {
    const element = document.createElement(name);
    element.textContent = words;
    if (kind) element.className = kind;
    detail.append(element);
    return element;
  };
  detail.replaceChildren();
  const who = row.lane < 0 ? 'begin' : lanes[row.lane];
  add('div', `step ${row.step} · ${(row.time / 1000).toFixed(3)} ms · r${row.revno}${row.fault ? ' · fault' : ''}`, 'where');
  add('b', `${who}: ${row.texts[0]}`);
  row.texts.slice(1).forEach(words => add('div', words));
  if (row.woken.length) add('div', `wakes ${[...new Set(row.woken)].map(lane => lanes[lane]).join(', ')}`);
  for (const batch of row.batches) {
    const span = batch.span < 0 ? 'first batch' : batch.span === 0 ? 'no new revno' : batch.span === 1
      ? 'one revno' : `${batch.span} revnos, r${batch.after + 1} to r${batch.revno}`;
    add('div', `batch to r${batch.revno} (${span}): ${batch.deltas}`);
  }
  if (row.index === story.wrong) add('div', `BROKEN ${story.verdict}: ${story.seen}`, 'broken');
};

const choose = (index, into) => {
  chosen = Math.max(0, Math.min(rows.length - 1, index));
  const high = height(), y = chosen * high;
  $('space').style.height = `${rows.length * high}px`;
  const room = scroll.clientHeight - NAMES;
  if (into || y < scroll.scrollTop || y > scroll.scrollTop + room - high) {
    scroll.scrollTop = Math.max(0, y - (room - high) / 2);
  }
  tell(rows[chosen]);
  redraw();
};
const link = index => {
  choose(index);
  history.replaceState(null, '', `#step-${rows[chosen].step}`);
};
const follow = () => {
  const step = /^#step-(\d+)$/.exec(location.hash);
  const index = step && rowOf.get(Number(step[1]));
  if (index !== null && index !== undefined) choose(index, true);
  return index !== null && index !== undefined;
};

// A row stays where it is, and in view as a whole: the one under the pointer; without a pointer the chosen one, or, if that is out of
// view, the one in the middle.
const zoomTo = (next, y) => {
  const before = height(), room = scroll.clientHeight - NAMES, marked = (chosen + .5) * before - scroll.scrollTop;
  const at = y !== undefined ? y : marked >= 0 && marked <= room ? marked : room / 2;
  const place = (scroll.scrollTop + at) / before, row = Math.floor(place);
  zoom = Math.max(0, Math.min(HEIGHTS.length - 1, next));
  const high = height();
  $('space').style.height = `${rows.length * high}px`;
  scroll.scrollTop = Math.min(row * high, Math.max(place * high - at, (row + 1) * high - room));
  redraw();
};

$('title').textContent = story.title;
$('verdict').textContent = story.wrong < 0 ? story.verdict : `BROKEN ${story.verdict}`;
$('verdict').className = story.wrong < 0 ? '' : 'broken';
$('promise').textContent = story.promise;
$('seen').textContent = story.seen;
$('regime').textContent = story.regime;
document.title = `${$('verdict').textContent}, ${story.title}`;
if (story.wrong < 0) $('wrong').className = 'none';
else $('wrong').setAttribute('href', `#step-${rows[story.wrong].step}`);

$('in').onclick = () => zoomTo(zoom + 1);
$('out').onclick = () => zoomTo(zoom - 1);
$('first').onclick = () => link(0);
$('last').onclick = () => link(rows.length - 1);
$('back').onclick = () => link(chosen - 1);
$('next').onclick = () => link(chosen + 1);
$('wrong').onclick = () => choose(story.wrong, true);
scroll.onscroll = redraw;
scroll.addEventListener('wheel', event => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoomTo(zoom + (event.deltaY < 0 ? 1 : -1), event.clientY - scroll.getBoundingClientRect().top - NAMES);
}, { passive: false });
svg.onclick = event => {
  const row = event.target.closest('[data-row]');
  if (row) link(Number(row.dataset.row));
};
document.onkeydown = event => {
  const way = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (way) { event.preventDefault(); link(chosen + way); }
  if (event.key === '+') zoomTo(zoom + 1);
  if (event.key === '-') zoomTo(zoom - 1);
};
window.onhashchange = follow;
window.onresize = redraw;
if (!follow()) choose(story.wrong < 0 ? 0 : story.wrong, true);
draw();
})();
