// What the types cannot see of the texts: that each is used, that both languages fill in the same
// places, and that each language has the forms it counts with.
import { readFileSync, readdirSync } from 'node:fs';

const { en } = await load('en');
const { uk } = await load('uk');
const FORMS = { en: ['one', 'other'], uk: ['one', 'few', 'many', 'other'] };
const problems = [];

async function load(language) {
  const source = readFileSync(`src/lib/i18n/${language}.ts`, 'utf8')
    .replace(/^import .*$/m, '').replace(/: Texts =/, ' =').replace(/} as const;/, '};');
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

const sources = [];
(function walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) walk(path);
    else if (!path.includes('/i18n/en.ts') && !path.includes('/i18n/uk.ts')) sources.push(readFileSync(path, 'utf8'));
  }
})('src');
const code = sources.join('\n');
// `word('status', …)` and `t(`pause.${x}`)` use a whole group.
const groups = new Set([...code.matchAll(/(?:word|hasWord|sentence)\('(\w+)'|`(\w+)\.\$\{/g)].map(([, a, b]) => a ?? b));

const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join(' ');
const forms = (text) => (typeof text === 'string' ? { other: text } : text);
for (const [key, text] of Object.entries(en)) {
  const group = key.split('.')[0];
  const isUsed = code.includes(`'${key}'`) || groups.has(group) || code.includes('`${group}.');
  if (!isUsed) problems.push(`${key}: is used nowhere`);
  for (const [language, own] of [['en', text], ['uk', uk[key]]]) {
    const wanted = typeof text === 'string' ? ['other'] : FORMS[language];
    const there = Object.keys(forms(own));
    if (wanted.some((form) => !there.includes(form))) problems.push(`${key}: ${language} lacks one of ${wanted.join(', ')}`);
  }
  if (places(forms(text).other) !== places(forms(uk[key]).other)) problems.push(`${key}: the languages fill in different places`);
}
for (const problem of problems) console.error(problem);
console.log(`${Object.keys(en).length} texts`);
process.exitCode = problems.length ? 1 : 0;
