import { copyFile, readFile, writeFile } from "node:fs/promises";
import { defineConfig } from "tsup";

/** Entries that frameworks with server components must take as the browser's. */
const BROWSER = ["dist/react.js", "dist/components.js"];

// Chunks are shared, so that the page's client is one whichever entry asks for it.
export default defineConfig({
  entry: ["src/index.ts", "src/react.ts", "src/components.ts", "src/testing.ts"],
  format: "esm",
  target: "es2022",
  dts: true,
  clean: true,
  splitting: true,
  treeshake: true,
  async onSuccess() {
    await copyFile("src/components.css", "dist/components.css");
    for (const file of BROWSER) await writeFile(file, `"use client";\n${await readFile(file, "utf-8")}`);
  },
});
