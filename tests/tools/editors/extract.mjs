// Writes the examples of documents into a folder, one file each: extract.mjs FOLDER DOCUMENT... An example is a block
// marked `scn`, or indented by four spaces.

import { readFileSync, writeFileSync } from 'node:fs';

const [folder, ...documents] = process.argv.slice(2);
for (const document of documents) {
  const text = readFileSync(document, 'utf8');
  const examples = [...text.matchAll(/^```scn\b.*\n([^]*?)^```$/gm), ...text.matchAll(/^\n((?: {4}.*\n|\n)+)/gm)];
  for (const { 1: example, index } of examples) {
    const line = text.slice(0, index).split('\n').length;
    writeFileSync(`${folder}/${document.replaceAll('/', '_')}_${line}.scn`, example);
  }
}
