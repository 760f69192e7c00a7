// @vitest-environment jsdom
/** The provider, and what the hook of each family gives. */

import { renderHook, render } from "@testing-library/react";
import { StrictMode, useContext, version } from "react";
import type { ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it } from "vitest";
import type { RealtimeClient } from "../src/index";
import {
  WebSocketContext, WebSocketProvider, useAIContentRealtime, useConnectionStatus, useDashboardRealtime,
  useDelistingRealtime, useNotificationsRealtime, useProfileRealtime, useSocialMediaRealtime,
  useSubmissionRealtime, useTemplateRealtime,
} from "../src/react";
import { bench, emit, frame, live, opened, rebuild, settle, wrapper } from "./page";

it("is tested on the React that is meant", () => expect(version.split(".")[0]).toBe(process.env["REACT"] ?? "19"));

describe("the provider", () => {
  it("connects when mounted, and disconnects its own client when it is taken away", async () => {
    const states: string[] = [];
    function Watch(): ReactNode {
      const { client } = useContext(WebSocketContext) as { client: RealtimeClient };
      states.push(client.state);
      return null;
    }
    const { unmount } = render(
      <WebSocketProvider url="ws://edge/ws" authToken="t" WebSocket={null} fallback={null}>
        <Watch />
      </WebSocketProvider>,
    );
    expect(states).toEqual(["disconnected"]);
    unmount();
  });

  it("opens one socket under StrictMode, and subscribes once", async () => {
    const { result } = renderHook(() => useTemplateRealtime(), {
      wrapper: ({ children }) => <StrictMode>{wrapper({ children })}</StrictMode>,
    });
    await opened();
    expect(bench.sockets).toHaveLength(1);
    expect(bench.socket.actions("subscribe")).toHaveLength(1);
    expect(bench.socket.actions("unsubscribe")).toHaveLength(0);
    emit("template_usage");
    await frame();
    expect(result.current.templateUpdates.size).toBe(1);
  });

  it("does not connect by itself when told not to", async () => {
    render(<WebSocketProvider client={bench.client} autoConnect={false} />);
    await settle(60_000);
    expect(bench.sockets).toHaveLength(0);
  });

  it.each([
    [true, 3],
    [false, 2],
  ])("with reconnectOnError %s begins anew when the attempts are used up", async (reconnectOnError, sockets) => {
    rebuild({ maxReconnectAttempts: 1 });
    render(<WebSocketProvider client={bench.client} reconnectOnError={reconnectOnError} />);
    for (let attempt = 0; attempt < 2; attempt++) {
      await settle(3_000);
      bench.socket.end();
    }
    expect(bench.client.state).toBe("error");
    await settle(30_000);
    expect(bench.sockets).toHaveLength(sockets);
  });

  it("renders on a server, without a socket", () => {
    const page = renderToString(
      <WebSocketProvider client={bench.client}>
        <Templates />
      </WebSocketProvider>,
    );
    expect(page).toContain("disconnected 0");
    expect(bench.sockets).toHaveLength(0);
    function Templates(): ReactNode {
      return `${useConnectionStatus().state} ${useTemplateRealtime().templateUpdates.size}`;
    }
  });
});

describe("each family", () => {
  it("dashboard: the newest figures", async () => {
    const hook = await live(() => useDashboardRealtime());
    expect(hook.current.dashboardStats).toBeNull();
    emit("dashboard_stats_update", { totalProfiles: 1 });
    emit("dashboard_stats_update", { totalProfiles: 2 });
    await frame();
    expect(hook.current.dashboardStats?.totalProfiles).toBe(2);
  });

  it("submissions: what their events say together, of those asked for", async () => {
    const hook = await live(() => useSubmissionRealtime(["s1"]));
    emit("submission_progress", { id: "s1", stage: "sending", progress: 50 });
    emit("submission_status_change", { id: "s1", status: "completed", progress: 100 });
    emit("submission_progress", { id: "s2" });
    await frame();
    expect([...hook.current.submissionUpdates.keys()]).toEqual(["s1"]);
    expect(hook.current.getSubmissionUpdate("s1")).toMatchObject({ stage: "sending", status: "completed", progress: 100 });
    expect(hook.current.getSubmissionUpdate("s2")).toBeUndefined();
  });

  it("profiles: activities newest first, 100 at most, and scans", async () => {
    const hook = await live(() => useProfileRealtime([7]));
    for (let index = 0; index < 120; index++) emit("profile_activity", { profileId: 7, description: `${index}` });
    emit("profile_activity", { profileId: 8 });
    emit("profile_scan_update", { profileId: 7, scanId: "c" });
    await frame();
    const { profileActivities, profileScans } = hook.current;
    expect(profileActivities).toHaveLength(99); // the hundredth is another profile's
    expect(profileActivities[0]?.description).toBe("119");
    expect([...profileScans.keys()]).toEqual(["c"]);
  });

  it("ai: results, 50 at most, trainings and batches", async () => {
    const hook = await live(() => useAIContentRealtime());
    for (let index = 0; index < 60; index++) emit("ai_detection_result", { detectionId: `d${index}` });
    emit("ai_model_training_update", { jobId: "j" });
    emit("ai_batch_job_status", { jobId: "b" });
    await frame();
    expect(hook.current.aiDetectionResults).toHaveLength(50);
    expect(hook.current.aiDetectionResults[0]?.detectionId).toBe("d59");
    expect([...hook.current.trainingUpdates.keys(), ...hook.current.batchJobs.keys()]).toEqual(["j", "b"]);
  });

  it("social media: incidents as they stand by now, scans, platforms", async () => {
    const hook = await live(() => useSocialMediaRealtime(["x"]));
    emit("social_media_incident", { incidentId: "i1", platform: "x", status: "detected" });
    emit("social_media_incident", { incidentId: "i2", platform: "x" });
    emit("social_media_incident", { incidentId: "i1", platform: "x", status: "reported" });
    emit("social_media_incident", { incidentId: "i3", platform: "web" });
    emit("social_media_scan_status", { scanId: "c", platform: "x" });
    emit("social_media_platform_status", { platform: "x" });
    await frame();
    const { socialMediaIncidents, socialMediaScans, platformStatuses } = hook.current;
    expect(socialMediaIncidents.map(({ incidentId, status }) => [incidentId, status])[0]).toEqual(["i1", "reported"]);
    expect(socialMediaIncidents).toHaveLength(2);
    expect([...socialMediaScans.keys(), ...platformStatuses.keys()]).toEqual(["c", "x"]);
  });

  it("templates: what their events say together", async () => {
    const hook = await live(() => useTemplateRealtime());
    emit("template_validation", { templateId: "t1", valid: true });
    emit("template_approval", { templateId: "t1", status: "approved" });
    emit("template_usage", { templateId: "t1", usageCount: 9 });
    await frame();
    const update = hook.current.getTemplateUpdate("t1");
    expect(update).toMatchObject({ status: "approved", validation: { valid: true }, usage: { usageCount: 9 } });
    expect(hook.current.templateUpdates.get("t1")).toBe(update);
  });

  it("delisting: requests, answers, visibility", async () => {
    const hook = await live(() => useDelistingRealtime(["r1"]));
    emit("delisting_request_status", { requestId: "r1", status: "approved" });
    emit("engine_response", { requestId: "r1" });
    emit("visibility_change", { requestId: "r1", newVisibility: "hidden" });
    emit("visibility_change", { requestId: "r2" });
    await frame();
    expect(hook.current.getDelistingUpdate("r1")).toMatchObject({
      status: "approved", response: { requestId: "r1" }, visibility: { newVisibility: "hidden" },
    });
    expect(hook.current.delistingUpdates.size).toBe(1);
    expect(hook.current.visibilityChanges).toHaveLength(1);
  });

  it("notifications: to the user and to everybody, newest first", async () => {
    const hook = await live(() => useNotificationsRealtime());
    emit("user_notification", { notificationId: "n1", read: false });
    emit("system_notification", { code: "maintenance" });
    emit("user_notification", { notificationId: "n1", read: true });
    await frame();
    expect(hook.current.notifications.map(({ kind }) => kind)).toEqual(["user", "system"]);
    expect(hook.current.notifications[0]).toMatchObject({ read: true });
  });
});
