import { describe, expect, it } from "vitest";
import { TYPES, fieldsOf, filtersOf, listenCommand, operatorsOf, subjectOf } from "../lib/schema";
import type { Condition } from "../lib/schema";

const on = (field: string, operator: Condition["operator"], value: string): Condition => ({ field, operator, value });

describe("the builder of filters", () => {
  it("offers the fields of the chosen types alone, nested ones in dots", () => {
    const paths = fieldsOf(["profile_activity"]).map(({ path }) => path);
    expect(paths).toContain("infringement.confidence");
    expect(paths).not.toContain("templateId");
    expect(fieldsOf(["profile_activity"]).find(({ path }) => path === "infringement.confidence")?.kind).toBe("number");
  });

  it("offers the operators that a field's kind has", () => {
    expect(operatorsOf("number")).not.toContain("prefix");
    expect(operatorsOf("list")).toEqual(["contains", "exists"]);
  });

  it("gives values in the field's own kind", () => {
    const conditions = [on("usageCount", "gte", " 20 "), on("name", "in", "a, b"), on("valid", "eq", "true"), on("templateVersion", "exists", "false")];
    expect(filtersOf(conditions, ["template_usage", "template_validation"])).toEqual({
      usageCount: { gte: 20 },
      name: { in: ["a", "b"] },
      valid: { eq: true },
      templateVersion: { exists: false },
    });
  });

  it("lets two conditions on a field both hold, and leaves out what is not whole or has no field", () => {
    const conditions = [on("usageCount", "gte", "20"), on("usageCount", "lt", "30"), on("name", "eq", ""), on("usageCount", "eq", "many"), on("urlsTotal", "eq", "1")];
    expect(filtersOf(conditions, ["template_usage"])).toEqual({ usageCount: { gte: 20, lt: 30 } });
  });

  it("says the command that hears the same, safe for a shell", () => {
    expect(listenCommand(TYPES, {}, "ws://localhost:8080/ws")).toBe("autodmca listen --url ws://localhost:8080/ws");
    expect(listenCommand(["template_usage"], { name: { eq: "it's" } }, "ws://e/ws")).toBe(
      `autodmca listen --url ws://e/ws --types template_usage --filter 'name={"eq":"it'\\''s"}'`,
    );
  });

  it("knows what an event is about", () => {
    expect(subjectOf({ requestId: "dr_1", engine: "bing" })).toBe("dr_1");
    expect(subjectOf({ profileId: 7, incidentId: "inc_1" })).toBe("inc_1");
    expect(subjectOf({ totalProfiles: 3 })).toBeUndefined();
  });
});
