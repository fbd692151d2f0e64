// Reads pictures with the programs that show them: Mermaid's own parser, and an XML parser for SVG. What a text of a
// scenario says must not become a box, an arrow, a link or a setting.

import { JSDOM } from 'jsdom';
import { conclude, texts } from './words.mjs';

const { window } = new JSDOM('');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import('mermaid');
mermaid.initialize({ startOnLoad: false });

/** Mermaid keeps the number of a character in its text as a placeholder, until it is shown. */
const shown = (text) => text.replaceAll('<br>', '<br/>').replace(/ﬂ°°(\d+)¶ß/g, (_, number) => String.fromCodePoint(Number(number)));

/** The text of a label as we wrote it, its numbers read. */
const written = (label) => label.replace(/#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)));

async function readMermaid(path, text, wrong) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const boxes = [...text.matchAll(/^  (n\d+)\W+"(.*)"\W+:::\w+$/gm)];
  const edges = [...text.matchAll(/^  n\d+ -(?:->|\.-|\.->)(?:\|"(.*)"\|)? n\d+$/gm)];
  const vertices = db.getVertices();
  if (boxes.length === 0 || vertices.size !== boxes.length) wrong.push(`${path}: ${vertices.size} boxes, not ${boxes.length}`);
  for (const [, id, label] of boxes) {
    const vertex = vertices.get(id);
    if (shown(vertex?.text ?? '') !== written(label)) wrong.push(`${path}: ${id} says ${vertex?.text}, not ${label}`);
    if (vertex?.link || vertex?.haveCallback) wrong.push(`${path}: ${id} leads elsewhere`);
  }
  const read = db.getEdges();
  if (read.length !== edges.length) wrong.push(`${path}: ${read.length} ways, not ${edges.length}`);
  for (const [place, [, label]] of edges.entries()) {
    if (shown(read[place]?.text ?? '') !== written(label ?? '')) wrong.push(`${path}: a way says ${read[place]?.text}`);
  }
  return boxes.length;
}

const parser = new window.DOMParser();
function readSvg(path, text, wrong) {
  const picture = parser.parseFromString(text, 'image/svg+xml');
  const error = picture.querySelector('parsererror');
  if (error) wrong.push(`${path}: ${error.textContent}`);
  if (!picture.querySelector('svg > title')?.textContent) wrong.push(`${path}: there is no title`);
  const elsewhere = picture.querySelectorAll('script, a, image, use, foreignObject, [href], [onload]');
  if (elsewhere.length > 0) wrong.push(`${path}: it holds more than shapes and text`);
  return picture.querySelectorAll('text').length;
}

const wrong = [];
let found = 0;
for (const { path, text } of texts()) {
  try {
    found += path.endsWith('.svg') ? readSvg(path, text, wrong) : await readMermaid(path, text, wrong);
  } catch (error) {
    wrong.push(`${path}: ${error.message}`);
  }
}
conclude(wrong, `pictures: ${found} boxes and lines of text are read, and nothing else`);
