// Validates the generated AsyncAPI document with AsyncAPI's own parser: `node libs/events/validate-asyncapi.mjs [file]`.
// Needs `npm ci` in the root. Prints errors and warnings, and exits with 1 when there is one.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const WARNING = 1; // Spectral's severities: error 0, warning 1, information 2, hint 3

const file = process.argv[2] ?? new URL("generated/asyncapi.json", import.meta.url);
const diagnostics = await new Parser().validate(await readFile(file, "utf8"));
const faults = diagnostics.filter(({ severity }) => severity <= WARNING);
for (const { severity, message, path, code } of faults) {
  console.error(`${severity === WARNING ? "warning" : "error"}: ${message} (${code}) at ${path.join(".")}`);
}
console.log(faults.length ? "The AsyncAPI document is not valid." : "The AsyncAPI document is valid.");
process.exitCode = faults.length ? 1 : 0;
