// Puts the vendor files of the API reader, compressed, into ../assets/docs, where the binary embeds them.
//
//   node build.mjs           writes them
//   node build.mjs --check   only compares; says what differs and exits 1
//
// The comparison is made on the decompressed bytes, so that a Node with another zlib does not count as a change.

import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

const PACKAGE = new URL('./node_modules/swagger-ui-dist/', import.meta.url);
const OUT = new URL('../assets/docs/', import.meta.url);
// The repository's own limit for one file.
const MAX_BYTES = 1024 * 1024;

const read = (name) => readFileSync(new URL(name, PACKAGE));

const compressed = {
  'swagger-ui-bundle.js.gz': read('swagger-ui-bundle.js'),
  'swagger-ui.css.gz': read('swagger-ui.css'),
};

const version = JSON.parse(read('package.json')).version;
const licence = [
  `swagger-ui-dist ${version}: https://github.com/swagger-api/swagger-ui\n`,
  read('NOTICE').toString().trimEnd() + '\n',
  read('LICENSE').toString().trim() + '\n',
  'The files contain parts of other programs, under these terms:\n',
  read('swagger-ui-bundle.js.LICENSE.txt').toString().trimEnd() + '\n',
].join('\n').replace(/[ \t]+$/gm, '');
const plain = { 'swagger-ui.LICENSE': Buffer.from(licence) };

function committed(name, decode) {
  try {
    return decode(readFileSync(new URL(name, OUT)));
  } catch {
    return null; // not there, or not gzip
  }
}

function stale() {
  const gone = (files, decode) =>
    Object.keys(files).filter((name) => !committed(name, decode)?.equals(files[name]));
  return [...gone(compressed, gunzipSync), ...gone(plain, (bytes) => bytes)];
}

function write(name, bytes) {
  if (bytes.length > MAX_BYTES) throw new Error(`${name} has ${bytes.length} bytes, more than ${MAX_BYTES}`);
  writeFileSync(new URL(name, OUT), bytes);
  console.log(`assets/docs/${name}: ${bytes.length} bytes`);
}

if (process.argv.includes('--check')) {
  const names = stale();
  for (const name of names) console.error(`assets/docs/${name} is not what swagger-ui-dist ${version} gives: run "npm run build"`);
  process.exitCode = names.length ? 1 : 0;
  if (!names.length) console.log(`assets/docs is swagger-ui-dist ${version}`);
} else {
  for (const [name, bytes] of Object.entries(compressed)) {
    const packed = gzipSync(bytes, { level: 9 });
    // Node writes no time stamp; the system byte differs between systems, so it is set to "unknown".
    packed[9] = 255;
    write(name, packed);
  }
  for (const [name, bytes] of Object.entries(plain)) write(name, bytes);
}
