// The words of a text, and which of them are reserved: told without any editor's grammar, so that theirs can be held
// against it.

import { readFileSync } from 'node:fs';

// The suite runs in the repository's folder.
const grammar = readFileSync('grammar/scn.pest', 'utf8');
const rule = /^keyword\s*=\s*@\{([^}]*)\}/m.exec(grammar);
if (!rule) throw new Error('grammar/scn.pest has no rule `keyword`');

/** The reserved words of the language. */
export const KEYWORDS = new Set([...rule[1].matchAll(/"([^"]+)"/g)].map((match) => match[1]));

// A comment, a text, a word after a dot, a word.
const TOKEN = /(#[^\r\n]*)|("(?:\\.|[^"\\\r\n])*")|(\.\s*[_\p{XID_Start}]\p{XID_Continue}*)|([_\p{XID_Start}]\p{XID_Continue}*)/gu;

/** The reserved words of a text: each with its line and column, from 0, in UTF-16 units. */
export function keywordsOf(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    if (match[4] === undefined || !KEYWORDS.has(match[4])) continue;
    const before = text.slice(0, match.index);
    const line = before.split('\n').length - 1;
    found.push({ word: match[4], line, column: match.index - before.lastIndexOf('\n') - 1 });
  }
  return found;
}

/** The contents of the files that the command line names. */
export function texts() {
  const paths = process.argv.slice(2);
  if (paths.length === 0) throw new Error('name the files to read');
  return paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** Prints what is wrong, and ends the process with 1 when anything is. */
export function conclude(wrong, right) {
  for (const line of wrong.slice(0, 50)) console.error(line);
  if (wrong.length > 0) {
    console.error(`${wrong.length} wrong`);
    process.exit(1);
  }
  console.log(right);
}
