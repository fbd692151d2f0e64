// Colours files with the TextMate grammar, by the tokeniser of VS Code itself: no token may be invalid, and a word is
// coloured as a keyword exactly where it is one.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';
import { conclude, keywordsOf, KEYWORDS, texts } from './words.mjs';

const PATH = 'editors/vscode/syntaxes/scn.tmLanguage.json';
const require = createRequire(import.meta.url);
await oniguruma.loadWASM(readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')).buffer);
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async () => textmate.parseRawGrammar(readFileSync(PATH, 'utf8'), PATH),
});
const grammar = await registry.loadGrammar('source.scn');

/** The tokens of a text: each with its line, its columns, its text and its scopes, the innermost last. */
function tokensOf(text) {
  const tokens = [];
  let stack = textmate.INITIAL;
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    const { tokens: found, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    for (const { startIndex, endIndex, scopes } of found) {
      tokens.push({ line: number, start: startIndex, end: endIndex, text: line.slice(startIndex, endIndex), scopes });
    }
  }
  return tokens;
}

// `keyword.other` colours words that are not reserved, and `keyword.operator` signs too.
const isKeyword = (scope) => /^(keyword\.(declaration|control|operator\.word)|constant\.language\.boolean)\b/.test(scope);
// `one at a time` is a clause, and these two of its words are names elsewhere.
const PHRASE = new Set(['a', 'time']);

const wrong = [];
let words = 0;
for (const { path, text } of texts()) {
  const tokens = tokensOf(text);
  const reserved = new Set();
  for (const { line, start, text, scopes } of tokens) {
    const place = `${path}:${line + 1}:${start + 1}`;
    const invalid = scopes.find((scope) => scope.startsWith('invalid'));
    if (invalid) wrong.push(`${place}: \`${text}\` is ${invalid}`);
    if (isKeyword(scopes.at(-1)) && !PHRASE.has(text)) reserved.add(`${place}: \`${text}\``);
  }
  for (const { word, line, column } of keywordsOf(text)) {
    words += 1;
    const place = `${path}:${line + 1}:${column + 1}: \`${word}\``;
    if (reserved.delete(place)) continue;
    const token = tokens.find((each) => each.line === line && each.start <= column && column < each.end);
    wrong.push(`${place} is ${token?.scopes.at(-1)}`);
  }
  for (const place of reserved) wrong.push(`${place} is no keyword`);
}
conclude(wrong, `TextMate: ${words} keywords are coloured as such, and nothing is invalid`);
