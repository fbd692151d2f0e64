// Writes the blocks marked `scn` of documents into a folder, one file each: extract.mjs FOLDER DOCUMENT...

import { readFileSync, writeFileSync } from 'node:fs';

const [folder, ...documents] = process.argv.slice(2);
for (const document of documents) {
  let block;
  for (const [number, line] of readFileSync(document, 'utf8').split('\n').entries()) {
    if (block === undefined) {
      if (/^```scn\b/.test(line)) block = { number: number + 1, lines: [] };
    } else if (line.startsWith('```')) {
      const name = `${document.replaceAll('/', '_')}_${block.number}.scn`;
      writeFileSync(`${folder}/${name}`, `${block.lines.join('\n')}\n`);
      block = undefined;
    } else {
      block.lines.push(line);
    }
  }
}
