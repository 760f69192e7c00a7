/**
 * The way back from the fallback: a WebSocket is tried beside it, at once and then now and then, and takes over
 * once it is greeted.
 *
 * Owns the moment of the next try, which comes later with each that failed, and the WebSocket until it takes
 * over. The fallback is not touched before that, so nothing is missed. The first try is at once because a
 * browser does not say why a WebSocket failed: the edge may have been away, and answers now.
 */

import type { Dial, Link, LinkEvents, Target } from "./link";

export interface UpgradeOptions {
  readonly dial: Dial;
  /** Milliseconds: the window of the first try but one, and what a try may take. */
  readonly upgradeAfter: number;
  readonly openTimeout: number;
  random(): number;
  target(): Target;
  /** Put the link in the place of the fallback; who hears it from now on. */
  adopt(link: Link, target: Target): LinkEvents;
}

const MOST_DOUBLINGS = 4;

export class Upgrade {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #link: Link | undefined;
  #failures = 0;

  constructor(private readonly options: UpgradeOptions) {}

  /** The fallback is open: try at once, then now and then. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(), 0);
  }

  #plan(): void {
    const window = this.options.upgradeAfter * 2 ** Math.min(this.#failures, MOST_DOUBLINGS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(), (window * (1 + this.options.random())) / 2);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = undefined;
  }

  #try(): void {
    let heir: LinkEvents | undefined;
    const target = this.options.target();
    const failed = (): void => {
      if (this.#link !== link) return;
      this.cancel();
      this.#plan();
      this.#failures += 1;
    };
    const link: Link = this.options.dial(target, {
      message: (text, replaying) => {
        if (!heir && this.#link === link) {
          clearTimeout(this.#timer);
          this.#link = undefined;
          this.#failures = 0;
          heir = this.options.adopt(link, target);
        }
        heir?.message(text, replaying);
      },
      alive: () => heir?.alive(),
      renewed: () => heir?.renewed(),
      closed: (code, reason) => (heir ? heir.closed(code, reason) : failed()),
    });
    this.#link = link;
    this.#timer = setTimeout(failed, this.options.openTimeout);
  }
}
