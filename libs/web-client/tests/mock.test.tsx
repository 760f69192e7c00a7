// @vitest-environment jsdom
/** A component on the mock provider's value, as a test of an application has it. */

import { act, cleanup, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it } from "vitest";
import { WebSocketContext, useConnectionStatus, useTemplateRealtime } from "../src/react";
import { mockProviderValue } from "../src/testing";

afterEach(cleanup);

function Template(): ReactNode {
  const count = useTemplateRealtime(["t1"]).getTemplateUpdate("t1")?.usage?.usageCount;
  return <p>{`${useConnectionStatus().state} ${count}`}</p>;
}

it("is connected, gets what the edge emits, and follows its script, without a port", async () => {
  const value = mockProviderValue({ reconnectInterval: 1 });
  render(
    <WebSocketContext.Provider value={value}>
      <Template />
    </WebSocketContext.Provider>,
  );
  await screen.findByText("connected undefined");
  act(() => void value.edge.emit("template_usage", { templateId: "t1", usageCount: 7 }));
  await screen.findByText("connected 7");
  act(() => value.edge.close(4403));
  await screen.findByText("error 7");
  act(() => value.client.connect());
  await screen.findByText("connected 7");
  value.edge.tokenOk = () => false;
  act(() => value.edge.drop());
  await screen.findByText("error 7");
  expect(value.edge.handshakes).toHaveLength(3);
  value.client.disconnect();
});
