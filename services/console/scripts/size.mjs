// What a reader loads before the first view: the entry, and all that it imports at once; against the limit.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const LIMIT = 200 * 1024;
const STATIC = new URL("../src/autodmca_console/static/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", STATIC), "utf8"));

/** @param {string} file */
async function compressed(file) {
  return gzipSync(await readFile(new URL(file, STATIC)), { level: 9 }).length;
}

/** @param {string} key @param {Set<string>} found @returns {Set<string>} */
function atOnce(key, found = new Set()) {
  if (!found.has(key)) {
    found.add(key);
    for (const each of manifest[key].imports ?? []) atOnce(each, found);
  }
  return found;
}

const first = [...atOnce("index.html")];
const script = (await Promise.all(first.map((key) => compressed(manifest[key].file)))).reduce((a, b) => a + b, 0);
const all = (await Promise.all(Object.values(manifest).map(({ file }) => compressed(file)))).reduce((a, b) => a + b, 0);
console.log(`before the first view: ${(script / 1024).toFixed(1)} KB of script; all views: ${(all / 1024).toFixed(1)} KB (min+gzip)`);
if (script > LIMIT) {
  console.error(`more than ${LIMIT / 1024} KB of script before the first view`);
  process.exitCode = 1;
}
