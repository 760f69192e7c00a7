import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Problem } from "../lib/api";
import { useOptimisticState } from "../lib/optimistic";
import { Field, FormFault, useProblemForm } from "../ui/form";

afterEach(cleanup);

function Form({ problem }: { problem: Problem }) {
  const form = useProblemForm({ name: "", text: "" }, () => Promise.reject(problem), { urls: "text" });
  const { errors } = form.formState;
  return (
    <form onSubmit={(event) => void form.onSubmit(event)}>
      <FormFault message={errors.root?.message} />
      <Field label="Name" fault={errors.name?.message}>
        {(props) => <input {...props} {...form.register("name")} />}
      </Field>
      <Field label="Text" fault={errors.text?.message}>
        {(props) => <input {...props} {...form.register("text")} />}
      </Field>
      <button type="submit">Send</button>
    </form>
  );
}

it("says what is wrong at the field that the service names, and goes there", async () => {
  render(<Form problem={new Problem(422, "invalid-field", "no", [{ field: "urls", reason: "none found", line: 3 }])} />);
  fireEvent.click(screen.getByRole("button"));
  const fault = await screen.findByRole("alert");
  expect(fault.textContent).toBe("Line 3: none found");
  const text = screen.getByLabelText("Text");
  expect(text.getAttribute("aria-describedby")).toBe(fault.id);
  await waitFor(() => expect(document.activeElement).toBe(text));
});

it("says at the top what no field can show", async () => {
  render(<Form problem={new Problem(409, "conflict", "somebody was faster")} />);
  fireEvent.click(screen.getByRole("button"));
  expect((await screen.findByRole("alert")).textContent).toBe("somebody was faster");
});

function Status({ held, command }: { held: { status: string; at: string }; command: () => Promise<undefined> }) {
  const { shown, error, act } = useOptimisticState(held, held.at);
  return (
    <button type="button" onClick={() => void act({ status: "reported" }, command)}>
      {shown.status} {error instanceof Error ? error.message : ""}
    </button>
  );
}

it("shows what a command will do at once, and yields to the log", async () => {
  const command = (): Promise<undefined> => new Promise(() => undefined);
  const { rerender } = render(<Status held={{ status: "detected", at: "1" }} command={command} />);
  fireEvent.click(screen.getByRole("button"));
  await screen.findByText("reported");
  rerender(<Status held={{ status: "resolved", at: "2" }} command={command} />);
  await screen.findByText("resolved");
});

it("takes it back when the command fails", async () => {
  render(<Status held={{ status: "detected", at: "1" }} command={() => Promise.reject(new Error("refused"))} />);
  fireEvent.click(screen.getByRole("button"));
  await screen.findByText("detected refused");
});
