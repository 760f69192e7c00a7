/**
 * Where the edge is, when the application does not say: `VITE_WS_URL` or `REACT_APP_WS_URL`, else the host in
 * `VITE_WS_HOST` or `REACT_APP_WS_HOST`, else the host that the page is from.
 *
 * A bundler puts the values in for `process.env.NAME` and `import.meta.env.NAME` where these stand in full.
 */

interface ViteMeta {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

function fromEnvironment(): { url: string | undefined; host: string | undefined } {
  const vite = (import.meta as ViteMeta).env;
  let url = vite?.["VITE_WS_URL"];
  let host = vite?.["VITE_WS_HOST"];
  try {
    url ??= process.env.VITE_WS_URL ?? process.env.REACT_APP_WS_URL;
    host ??= process.env.VITE_WS_HOST ?? process.env.REACT_APP_WS_HOST;
  } catch {
    // a browser, and a bundler that puts nothing in
  }
  return { url, host };
}

/** The address of the WebSocket, `fallback` when there is nothing to take it from. */
export function defaultUrl(): string {
  const { url, host } = fromEnvironment();
  if (url) return url;
  const page = globalThis.location as Location | undefined;
  const scheme = page?.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${host ?? page?.host ?? "localhost:8080"}/ws`;
}
