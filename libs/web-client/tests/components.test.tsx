// @vitest-environment jsdom
/** The components as users have them: what is said, what can be done, and that axe finds nothing. */

import { act, fireEvent, render, screen, within } from "@testing-library/react";
import axe from "axe-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  ConnectionHealthMonitor, ConnectionIndicator, ConnectionNotice, ENGLISH, WebSocketStatus,
} from "../src/components";
import { bench, opened, settle, wrapper } from "./page";

// jsdom has no modal dialogs; Chromium's are in tests/integration/test_web_client_browser.py.
beforeAll(() => {
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

async function faults(): Promise<string[]> {
  vi.useRealTimers();
  const rules = { "color-contrast": { enabled: false }, region: { enabled: false } }; // without layout; parts of a page
  const { violations } = await axe.run(document.body, { rules });
  return violations.map(({ id, help }) => `${id}: ${help}`);
}

describe("WebSocketStatus", () => {
  it("says the state, and each change of it", async () => {
    render(wrapper({ children: <WebSocketStatus /> }));
    await settle();
    const status = screen.getByRole("status");
    expect(status.textContent).toBe("Connecting");
    await opened();
    expect(status.textContent).toBe("Live");
    act(() => bench.socket.end());
    expect(status.textContent).toBe("Reconnecting");
    expect(await faults()).toEqual([]);
  });

  it("opens a dialog with health and control, by a button, and axe finds nothing in it", async () => {
    render(wrapper({ children: <WebSocketStatus showDetails /> }));
    await opened();
    const button = screen.getByRole("button", { name: /Live.*details/ });
    fireEvent.click(button);
    const dialog = screen.getByRole("dialog", { name: ENGLISH.title });
    expect(within(dialog).getByText(ENGLISH.sentences.connected)).toBeTruthy();
    fireEvent.click(within(dialog).getByRole("button", { name: ENGLISH.disconnect }));
    await settle();
    expect(bench.client.state).toBe("disconnected");
    fireEvent.click(within(dialog).getByRole("button", { name: ENGLISH.connect }));
    await opened();
    fireEvent.click(within(dialog).getByRole("button", { name: ENGLISH.reconnect }));
    await opened();
    expect(bench.sockets).toHaveLength(3);
    expect(await faults()).toEqual([]);
    fireEvent.click(within(dialog).getByRole("button", { name: ENGLISH.close }));
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

it("ConnectionIndicator has its word for a screen reader when it is small, and speaks other languages", async () => {
  const words = { ...ENGLISH, states: { ...ENGLISH.states, connected: "Verbunden" } };
  render(wrapper({ children: <ConnectionIndicator compact words={words} /> }));
  await opened();
  expect(screen.getByRole("status").textContent).toBe("Verbunden");
});

it("ConnectionHealthMonitor shows figures and response times", async () => {
  render(wrapper({ children: <ConnectionHealthMonitor /> }));
  await opened();
  await settle(40);
  bench.socket.tell("heartbeat", { response: true });
  await settle(1_000);
  expect(screen.getByText(/^\d+ ms$/)).toBeTruthy();
  expect(screen.getByRole("img").getAttribute("aria-label")).toMatch(/^Response time: \d+ ms/);
  expect(await faults()).toEqual([]);
});

describe("ConnectionNotice", () => {
  it("comes when the connection has been gone for longer than told, and goes with its return", async () => {
    render(wrapper({ children: <ConnectionNotice after={5_000} /> }));
    await opened();
    act(() => bench.socket.end());
    await settle(4_999);
    expect(screen.queryByText(ENGLISH.interrupted)).toBeNull();
    await settle(1);
    expect(screen.getByText(ENGLISH.interrupted)).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: ENGLISH.reconnect }));
    await opened();
    expect(screen.queryByText(ENGLISH.interrupted)).toBeNull();
  });

  it("says nothing to those who disconnected themselves", async () => {
    render(wrapper({ children: <ConnectionNotice after={1_000} /> }));
    await opened();
    act(() => bench.client.disconnect());
    await settle(60_000);
    expect(screen.getByRole("status").textContent).toBe("");
  });

  it("says what to do when there is no hope", async () => {
    render(wrapper({ children: <ConnectionNotice after={1_000} /> }));
    await opened();
    act(() => bench.socket.end(4403));
    await settle(1_000);
    expect(screen.getByText(ENGLISH.sentences.error)).toBeTruthy();
    expect(await faults()).toEqual([]);
  });
});
