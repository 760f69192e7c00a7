// Validates the generated AsyncAPI document with AsyncAPI's own parser: `node libs/events/validate-asyncapi.mjs [file]`.
// Needs `npm ci` in the root. Prints every finding; exits with 1 on an error or a warning.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const file = process.argv[2] ?? new URL("generated/asyncapi.json", import.meta.url);
const diagnostics = await new Parser().validate(await readFile(file, "utf8"));
const severities = ["error", "warning", "info", "hint"];
for (const { severity, message, path, code } of diagnostics) {
  console.error(`${severities[severity]}: ${message} (${code}) at ${path.join(".")}`);
}
const failed = diagnostics.some(({ severity }) => severity <= 1);
console.log(failed ? "The AsyncAPI document is not valid." : "The AsyncAPI document is valid.");
process.exitCode = failed ? 1 : 0;
