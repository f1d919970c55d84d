// Starts the real program on a free port with the demo operator, and stops it again.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const START_SECONDS = 180;
const STOP_SECONDS = 90;

// Without the demo it is empty, and waits for its first owner. `more`: other words of its command;
// `env`: settings.
export async function startBox({ demo = true, more = [], env = {} } = {}) {
  const program = process.env.BOXOFFICE_BIN;
  if (!program) throw new Error('BOXOFFICE_BIN must name the boxoffice program');
  const data = mkdtempSync(join(tmpdir(), 'boxoffice-e2e-'));
  const child = spawn(program, ['serve', ...(demo ? ['--demo'] : []), ...more, '--data', data, '--listen', '127.0.0.1:0'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Whatever happens to the tests, nothing is left running.
  process.once('exit', () => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const exited = new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, error }));
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });

  let timer;
  let script;
  let login;
  let setup;
  const origin = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}\n${log}`));
    timer = setTimeout(() => fail(`no "listening on" line within ${START_SECONDS} s`), START_SECONDS * 1000);
    exited.then((end) => fail(`the program ended before it listened: ${end.error ?? `exit ${end.code} ${end.signal}`}`));
    // Read to the end of the stream: a full pipe would block the program.
    let listening;
    createInterface({ input: child.stdout }).on('line', (line) => {
      listening = /^listening on (http:\/\/\S+)$/.exec(line)?.[1] ?? listening;
      const owner = /^login: (\S+) +password: (\S+)$/.exec(line);
      if (owner) login = { name: owner[1], password: owner[2] };
      // The last line of an empty box: how its owner's account is made.
      setup = /^set up the owner account: (\S+)$/.exec(line)?.[1] ?? setup;
      if (setup && listening) resolve(listening);
      // The last line of a demo: the login of billing scripts.
      const found = /^stalker: (\S+) (\S+)$/.exec(line);
      if (!found) return;
      script = `Basic ${Buffer.from(`${found[1]}:${found[2]}`).toString('base64')}`;
      resolve(listening);
    });
  }).catch((error) => {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
    throw error;
  }).finally(() => clearTimeout(timer));

  return {
    origin,
    // How the owner of the demo signs in, and where that of an empty box is made.
    login,
    setup,
    // What a billing script sends as `Authorization`.
    script,
    async run(...words) {
      const { stdout } = await promisify(execFile)(program, [...words, '--data', data]);
      return stdout.trim();
    },
    async apply(document) {
      const file = join(data, 'document.json');
      writeFileSync(file, JSON.stringify(document));
      await promisify(execFile)(program, ['apply', file, '--data', data]);
    },
    // SIGTERM must end it in order: exit status 0, and soon.
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000);
      const end = await exited;
      clearTimeout(killer);
      rmSync(data, { recursive: true, force: true });
      return { ...end, log };
    },
  };
}
