// Builds the console into ../assets/console, where the binary embeds it: same sources, same bytes.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { defineConfig } from 'vite';

const OUT = '../assets/console';

// What the build is made of. tests/it/tidy/console_build.rs counts the same files in the same way.
const LOOSE = ['index.html', 'package-lock.json', 'package.json', 'svelte.config.js', 'tsconfig.json', 'vite.config.js'];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesOf(path) : [path];
  });
}

// The hash of files: of a line each, in the order of their bytes.
function hashOf(root, names) {
  const lines = names.map((name) => `${name} ${sha256(readFileSync(`${root}/${name}`))}\n`);
  return sha256(lines.sort().join(''));
}

// The packages whose code is in the build, and their terms.
function terms() {
  const packages = new Set();
  return {
    name: 'terms',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        for (const id of [...Object.keys(chunk.modules ?? {}), ...(chunk.originalFileNames ?? [])]) {
          const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
          if (name) packages.add(name);
        }
      }
      const text = [...packages].sort().map((name) => {
        const folder = `node_modules/${name}`;
        const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
        const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
        const words = file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : `Terms: ${license}`;
        return `${name} ${version}\n\n${words}\n`;
      });
      const source = text.join(`\n${'-'.repeat(80)}\n\n`).replace(/[ \t\r]+$/gm, '');
      this.emitFile({ type: 'asset', fileName: 'packages.LICENSE', source });
    },
  };
}

// Lets a test see without Node that the build is not of these sources, or was touched afterwards.
function fresh() {
  return {
    name: 'fresh',
    apply: 'build',
    writeBundle() {
      const sources = hashOf('.', [...LOOSE, ...filesOf('src')]);
      const built = filesOf(OUT).map((path) => path.slice(OUT.length + 1));
      const files = hashOf(OUT, built.filter((name) => name !== 'build.sha256'));
      writeFileSync(`${OUT}/build.sha256`, `sources ${sources}\nfiles ${files}\n`);
    },
  };
}

export default defineConfig({
  base: '/console/',
  plugins: [svelte(), terms(), fresh()],
  resolve: { alias: { $lib: new URL('./src/lib', import.meta.url).pathname } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
});
