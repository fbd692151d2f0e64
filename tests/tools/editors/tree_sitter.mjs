// Reads what `tree-sitter query queries/highlights.scm` captured in files (its output on standard input): a word is
// coloured as a keyword exactly where it is one.

import { readFileSync } from 'node:fs';
import { conclude, keywordsOf, texts } from './words.mjs';

const CAPTURE = /^ +capture: \d+ - ([\w.]+), start: \((\d+), (\d+)\)/;
const isKeyword = (capture) => /^(keyword|boolean)\b/.test(capture);

// By file: the capture of each place, the last one winning.
const captured = new Map();
let places;
for (const line of readFileSync(0, 'utf8').split('\n')) {
  const match = CAPTURE.exec(line);
  if (match) places.set(`${match[2]}:${match[3]}`, match[1]);
  else if (line !== '' && !/^ /.test(line)) captured.set(line, (places = new Map()));
}

const wrong = [];
let words = 0;
for (const { path, text } of texts()) {
  const places = captured.get(path);
  if (!places) {
    wrong.push(`${path}: nothing is captured`);
    continue;
  }
  const lines = text.split('\n');
  for (const { word, line, column } of keywordsOf(text)) {
    words += 1;
    // tree-sitter counts columns in bytes.
    const capture = places.get(`${line}:${Buffer.byteLength(lines[line].slice(0, column))}`);
    if (!capture || !isKeyword(capture)) wrong.push(`${path}:${line + 1}:${column + 1}: \`${word}\` is ${capture}`);
  }
}
conclude(wrong, `tree-sitter: ${words} keywords are coloured as such`);
