/** What a browser says about the network and the page; nothing anywhere else. */

export interface Signals {
  /** False when the browser is sure that there is no network. */
  isOnline(): boolean;
  /** Calls back when the network is back, gone, or the page is looked at again; gives what ends that. */
  watch(changed: (what: "online" | "offline" | "visible") => void): () => void;
}

export const browserSignals: Signals = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  watch(changed) {
    if (typeof globalThis.addEventListener !== "function") return () => {};
    const page = globalThis.document as Document | undefined;
    const controller = new AbortController();
    const { signal } = controller;
    globalThis.addEventListener("online", () => changed("online"), { signal });
    globalThis.addEventListener("offline", () => changed("offline"), { signal });
    globalThis.addEventListener("pageshow", () => changed("visible"), { signal });
    page?.addEventListener(
      "visibilitychange",
      () => {
        if (page.visibilityState === "visible") changed("visible");
      },
      { signal },
    );
    return () => controller.abort();
  },
};
