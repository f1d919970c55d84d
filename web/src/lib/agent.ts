// What a browser calls itself, in words: the browser and the system it runs on.

// The first that fits: each of them names its ancestors as well.
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'], [/\bOPR\/|\bOPX\//, 'Opera'], [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'], [/\bChrom(?:e|ium)\/|\bHeadlessChrome\/|\bCriOS\//, 'Chrome'], [/\bVersion\/.*Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'], [/\bCrOS\b/, 'ChromeOS'], [/\bLinux\b/, 'Linux'],
];

export function browser(agent: string): string {
  const named = (list: [RegExp, string][]) => list.find(([mark]) => mark.test(agent))?.[1];
  const [program, system] = [named(BROWSERS), named(SYSTEMS)];
  if (program && system) return `${program} · ${system}`;
  // A script says who it is in front: "curl/8.5.0".
  return program ?? system ?? agent.split(/[\s/]/)[0]?.slice(0, 40) ?? '';
}
