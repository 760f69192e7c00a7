/** Calls back once before the page is drawn next, whatever was asked for meanwhile; soon, where none is drawn. */

const HIDDEN_MS = 250;

export class Frames {
  readonly #waiting = new Set<() => void>();
  #planned = false;

  /** Run `work` in the next frame; asked for again before that, it still runs once. */
  soon(work: () => void): void {
    this.#waiting.add(work);
    if (this.#planned) return;
    this.#planned = true;
    const run = (): void => this.#run();
    const page = globalThis.document as Document | undefined;
    if (page?.visibilityState === "visible") requestAnimationFrame(run);
    else setTimeout(run, HIDDEN_MS);
  }

  #run(): void {
    this.#planned = false;
    const work = [...this.#waiting];
    this.#waiting.clear();
    for (const each of work) each();
  }
}
