// A headless Chromium by its own debugging protocol: opens a page and evaluates in it.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { WebSocket } from "ws";

export async function open(program, address) {
  const profile = await mkdtemp(`${tmpdir()}/web-bench-profile-`);
  const flags = ["--headless=new", "--no-sandbox", "--no-proxy-server", "--remote-debugging-port=0"];
  const browser = spawn(program, [...flags, `--user-data-dir=${profile}`, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const port = await new Promise((resolve) => {
    let said = "";
    browser.stderr.on("data", (data) => {
      const found = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec((said += data));
      if (found) resolve(found[1]);
    });
  });
  const target = `http://127.0.0.1:${port}/json/new?${encodeURIComponent(address)}`;
  const { webSocketDebuggerUrl } = await (await fetch(target, { method: "PUT" })).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  await new Promise((resolve) => socket.once("open", resolve));
  const waiting = new Map();
  socket.on("message", (data) => {
    const { id, result, method, params } = JSON.parse(String(data));
    waiting.get(id)?.(result);
    if (method === "Tracing.dataCollected") traced.push(...params.value);
    if (method === "Tracing.tracingComplete") complete();
  });
  let counted = 0;
  const traced = [];
  let complete;
  const call = (method, params) =>
    new Promise((resolve) => {
      waiting.set(++counted, resolve);
      socket.send(JSON.stringify({ id: counted, method, params }));
    });
  const page = async (expression) => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await call("Runtime.evaluate", params);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  while (!(await page("typeof bench === 'object' && document.readyState === 'complete'"))) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  /** What `work` gives, and the page's longest task meanwhile: milliseconds of processor time, and in all. */
  const longestTask = async (work) => {
    traced.length = 0;
    const categories = "-*,toplevel,disabled-by-default-devtools.timeline,__metadata";
    await call("Tracing.start", { categories, transferMode: "ReportEvents" });
    const result = await work();
    const over = new Promise((resolve) => (complete = resolve));
    await call("Tracing.end", {});
    await over;
    const mains = new Set(
      traced.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid}.${tid}`),
    );
    const tasks = traced.filter(({ name, pid, tid }) => /RunTask$/.test(name) && mains.has(`${pid}.${tid}`));
    const most = (field) => Math.max(0, ...tasks.map((task) => task[field] ?? 0)) / 1000;
    return { result, processor: most("tdur"), wall: most("dur") };
  };
  /** MB that the page holds on to. */
  const heap = async () => {
    await call("HeapProfiler.collectGarbage", {});
    return (await call("Runtime.getHeapUsage", {})).usedSize / 1e6;
  };
  const close = () => {
    socket.terminate();
    browser.once("exit", () => void rm(profile, { recursive: true, force: true, maxRetries: 5 }));
    browser.kill();
  };
  return { page, longestTask, heap, close };
}
