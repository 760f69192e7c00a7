/** The names that applications import, and every documented example: compiled, and the one for tests run. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as components from "../src/components";
import * as core from "../src/index";
import * as react from "../src/react";
import * as testing from "../src/testing";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DOCUMENTS = ["docs/web.md", "libs/web-client/README.md"];

it("the names of today's application are there", () => {
  expect(Object.keys(core)).toEqual(
    expect.arrayContaining(["WebSocketService", "RealtimeClient", "getWebSocketService", "resetWebSocketService"]),
  );
  expect(Object.keys(react)).toEqual(
    expect.arrayContaining([
      "WebSocketProvider", "WebSocketContext", "useWebSocket", "useDashboardRealtime", "useSubmissionRealtime",
      "useProfileRealtime", "useAIContentRealtime", "useSocialMediaRealtime", "useTemplateRealtime",
      "useDelistingRealtime", "useNotificationsRealtime", "useConnectionStatus",
    ]),
  );
  expect(Object.keys(components)).toEqual(
    expect.arrayContaining(["WebSocketStatus", "ConnectionIndicator", "ConnectionHealthMonitor", "ConnectionNotice"]),
  );
  expect(Object.keys(testing)).toEqual(["FakeEdge", "memorySocket", "mockProviderValue"]);
  expect(core.WebSocketService).toBe(core.RealtimeClient);
});

describe("the page's own client", () => {
  afterEach(() => {
    core.resetWebSocketService();
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  it("is one until it is reset", () => {
    const first = core.getWebSocketService({ url: "ws://edge/ws" });
    expect(core.getWebSocketService()).toBe(first);
    core.resetWebSocketService();
    expect(core.getWebSocketService()).not.toBe(first);
  });

  it.each([
    [{ REACT_APP_WS_URL: "wss://a/ws" }, "wss://a/ws"],
    [{ VITE_WS_URL: "wss://b/ws", REACT_APP_WS_URL: "wss://a/ws" }, "wss://b/ws"],
    [{ REACT_APP_WS_HOST: "a:1" }, "ws://a:1/ws"],
    [{ VITE_WS_HOST: "b:1" }, "ws://b:1/ws"],
    [{}, "ws://localhost:8080/ws"],
  ])("is where the environment says: %j", (environment, url) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect(core.getWebSocketService().url).toBe(url);
  });

  it("is at the page's own host when nothing says where, with TLS when the page has it", () => {
    vi.stubGlobal("location", { protocol: "https:", host: "app.example.com" });
    expect(core.getWebSocketService().url).toBe("wss://app.example.com/ws");
  });

  it.each([
    [{ url: "edge/ws" }, "url"],
    [{ url: "ws://edge/ws", reconnectInterval: 0 }, "reconnectInterval"],
    [{ url: "ws://edge/ws", maxReconnectAttempts: NaN }, "maxReconnectAttempts"],
  ])("refuses what makes no sense by its name: %j", (options, name) => {
    expect(() => new core.RealtimeClient(options)).toThrow(name);
  });
});

function examples(): { name: string; text: string }[] {
  return DOCUMENTS.flatMap((document) => {
    const found = readFileSync(ROOT + document, "utf-8").matchAll(/^```(tsx?)\n(.*?)^```$/gms);
    return [...found].map(([, kind, text], index) => ({
      name: `${document.replaceAll("/", "-")}-${index}.${kind}`,
      text: `${text}\nexport {};\n`,
    }));
  });
}

describe("the table of today's features", () => {
  const text = readFileSync(`${ROOT}docs/web.md`, "utf-8");
  const rows = [...text.matchAll(/^\| [^|\n]+ \| (`[^|\n]+) \| (`[^|\n]+`: [^|\n]+) \|$/gm)].map(
    ([, names = "", tests = ""]) => ({ names, tests }),
  );
  const codeIn = examples().map((example) => example.text).join("\n");

  it("has a row for everything", () => expect(rows.length).toBeGreaterThan(45));

  it("names what a compiled example shows", () => {
    const named = rows.flatMap(({ names }) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name as string));
    const states = ["connecting", "connected", "disconnected", "reconnecting", "error"];
    const shown = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(codeIn);
    expect(named.filter((name) => !shown(name) && !states.includes(name) && !/^[A-Z_]+$/.test(name))).toEqual([]);
  });

  it("names tests that are there", () => {
    const missing = rows.flatMap(({ tests }) => {
      let code = "";
      return tests.split("; ").filter((each) => {
        const [, file, rest] = /^(?:`([\w.-]+)`: )?(.+)$/.exec(each) as unknown as [string, string?, string?];
        const isPython = file?.endsWith(".py");
        if (file) code = readFileSync(`${ROOT}${isPython ? "tests/e2e" : "libs/web-client/tests"}/${file}`, "utf-8");
        const title = isPython ? (rest as string).replaceAll(" ", "_") : (rest as string);
        const last = title.split(": ").at(-1) as string;
        return !code.includes(title) && !(code.includes(last) && title.includes(": "));
      });
    });
    expect(missing).toEqual([]);
  });
});

describe("the documentation", () => {
  const folder = mkdtempSync(`${ROOT}libs/web-client/tests/examples-`);
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("compiles, example by example", () => {
    const files = examples().map(({ name, text }) => {
      writeFileSync(`${folder}/${name}`, text);
      return `${folder}/${name}`;
    });
    expect(files.length).toBeGreaterThanOrEqual(7);
    writeFileSync(`${folder}/css.d.ts`, 'declare module "*.css";\n');
    const entry = (name: string): string[] => [`${ROOT}libs/web-client/src/${name}`];
    const program = ts.createProgram([...files, `${folder}/css.d.ts`], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      jsx: ts.JsxEmit.ReactJSX,
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      paths: {
        "@autodmca/realtime": entry("index.ts"),
        "@autodmca/realtime/react": entry("react.ts"),
        "@autodmca/realtime/components": entry("components.ts"),
        "@autodmca/realtime/testing": entry("testing.ts"),
      },
    });
    const faults = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
      const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
      return `${file?.fileName.slice(folder.length + 1)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    expect(faults).toEqual([]);
  }, 120_000);
});
