// `make bench-web`: the web client beside centrifuge-js and graphql-ws, in one run; prints a Markdown table.
// In Node, and in Chromium where there is one. Compare within a row: figures drift from machine to machine.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const run = promisify(execFile);
const HERE = new URL(".", import.meta.url).pathname;
const KINDS = ["ours", "centrifuge", "graphql"];
const [chromium = "", events = "100000"] = process.argv.slice(2);
const COUNT = Number(events);
const ROUNDS = 5;
const IMPORTS = {
  ours: `export { RealtimeClient } from "../src/index"`,
  centrifuge: `export { Centrifuge } from "centrifuge"`,
  graphql: `export { createClient } from "graphql-ws"`,
};

const median = (values) => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
const row = (what, cells) => console.log(`| ${[what, ...cells].join(" | ")} |`);

async function size(contents) {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" };
  const { outputFiles } = await build({ stdin: { contents, resolveDir: HERE, loader: "ts" }, ...options });
  return `${(gzipSync(outputFiles[0].contents, { level: 9 }).length / 1024).toFixed(1)} KB`;
}

/** Milliseconds of each client, in turn, so that the machine's moods meet all alike. */
async function measured(measure) {
  const taken = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of KINDS) taken[kind].push(await measure(kind));
  }
  return KINDS.map((kind) => taken[kind]);
}

const rate = (times) => Math.round((COUNT / median(times)) * 1000).toLocaleString("en");
const each = (times) => `${((median(times) / COUNT) * 1000).toFixed(1)} µs`;

const folder = await mkdtemp(`${tmpdir()}/web-bench-`);
const common = { bundle: true, format: "esm", jsx: "automatic", define: { "process.env.NODE_ENV": '"production"' } };
await build({ ...common, entryPoints: [`${HERE}page.tsx`], outfile: `${folder}/page.js`, minify: true });
const external = ["ws"];
await build({ ...common, entryPoints: [`${HERE}node.ts`], outfile: `${HERE}node.built.mjs`, platform: "node", external,
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' } });
await writeFile(`${folder}/index.html`, '<!doctype html><script type="module" src="page.js"></script>');
const server = spawn(process.execPath, [`${HERE}server.mjs`, folder], { stdio: ["ignore", "pipe", "inherit"] });
const port = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data).trim())));
const base = `ws://127.0.0.1:${port}`;
const node = async (...more) => {
  const { stdout } = await run(process.execPath, ["--expose-gc", `${HERE}node.built.mjs`, ...more]);
  return stdout.trim().split(" ").map(Number);
};

try {
  console.log("| what | ours | centrifuge-js | graphql-ws |\n| --- | ---: | ---: | ---: |");
  row("size, min+gzip", await Promise.all(KINDS.map((kind) => size(IMPORTS[kind]))));
  const inNode = await measured((kind) => node(kind, base, String(COUNT)));
  row("events a second, Node", inNode.map((took) => rate(took.map(([milliseconds]) => milliseconds))));
  row("processor time an event, Node", inNode.map((took) => each(took.map(([, processor]) => processor))));
  const heaps = await Promise.all([COUNT / 10, COUNT].map((count) => node("ours", base, String(count), "memory")));
  row(`heap in Node after ${COUNT / 10} and ${COUNT} events`, [heaps.map((heap) => `${heap} MB`).join(", "), "", ""]);
  if (chromium === "") console.log("\nno Chromium: rows of the browser are left out");
  else {
    const { page, longestTask, heap, close } = await (await import("./chromium.mjs")).open(chromium, `http://127.0.0.1:${port}/`);
    const inPage = (kind) => page(`bench.measure(${JSON.stringify(kind)}, ${JSON.stringify(base)}, ${COUNT})`);
    row("events a second, Chromium", (await measured(inPage)).map(rate));
    const drawn = [];
    for (const kind of ["ours", "centrifuge"]) {
      const draw = () => page(`bench.draw(${JSON.stringify(kind)}, ${JSON.stringify(base)}, 10000, 1000)`);
      drawn.push(await longestTask(draw));
    }
    const cells = (text) => [...drawn.map(text), ""];
    row("200 rows at 1,000 events a second: renders per event", cells(({ result }) => result.toFixed(2)));
    row("the longest task meanwhile, processor time", cells(({ processor }) => `${processor.toFixed(1)} ms`));
    row("the longest task meanwhile, with what the machine did else", cells(({ wall }) => `${wall.toFixed(0)} ms`));
    const [hour, minute] = [36_000, 60_000]; // ten events a second for an hour, in a minute
    const drawing = page(`bench.draw("ours", ${JSON.stringify(base)}, ${hour}, ${(hour / minute) * 1000})`);
    const held = [];
    for (let passed = 0; passed < minute; passed += minute / 4) {
      await new Promise((resolve) => setTimeout(resolve, minute / 4 - 1_000));
      held.push((await heap()).toFixed(1));
    }
    await drawing;
    row("heap of that page, four times in an hour's events in a minute", [`${held.join(", ")} MB`, "", ""]);
    close();
  }
} finally {
  server.kill();
  await Promise.all([rm(folder, { recursive: true }), rm(`${HERE}node.built.mjs`)]);
}
