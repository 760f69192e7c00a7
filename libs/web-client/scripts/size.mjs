// What a page pays for the core: its size, minified and compressed, against the limit.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 15 * 1024;
const ENTRIES = {
  core: `export { RealtimeClient } from "./dist/index.js"`,
  "core, react": `export { RealtimeClient } from "./dist/index.js"; export * from "./dist/react.js"`,
};

for (const [name, contents] of Object.entries(ENTRIES)) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["react"],
  });
  const [file] = outputFiles;
  const bytes = gzipSync(file?.contents ?? "", { level: 9 }).length;
  console.log(`${name}: ${(bytes / 1024).toFixed(1)} KB min+gzip`);
  if (name === "core" && bytes > LIMIT) {
    console.error(`the core is larger than ${LIMIT / 1024} KB: take something out of what it imports`);
    process.exitCode = 1;
  }
}
