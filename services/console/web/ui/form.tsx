/** Forms: what the service finds wrong is said at the field that it names, and the first such field is focused. */

import { useId } from "react";
import type { ReactElement, ReactNode } from "react";
import { useForm } from "react-hook-form";
import type { DefaultValues, FieldPath, FieldValues, UseFormReturn } from "react-hook-form";
import { Problem, messageOf } from "../lib/api";
import type { FieldError } from "../lib/api";

export interface ProblemForm<T extends FieldValues> extends UseFormReturn<T> {
  readonly onSubmit: (event?: React.BaseSyntheticEvent) => Promise<void>;
}

/** `body.variables[2]` is said at `variables` where the form has no closer field. */
export function fieldFor(error: FieldError, names: readonly string[]): string | undefined {
  const path = error.field.replace(/\[\d+\]/g, "");
  return names.find((name) => name === path) ?? names.find((name) => path.split(".").includes(name));
}

/**
 * `submit` throws a Problem when the service refuses; what no field can show stands at the form's
 * `root`. `called`: names of the service's that are others here.
 */
export function useProblemForm<T extends FieldValues>(
  values: DefaultValues<T>,
  submit: (values: T, form: UseFormReturn<T>) => Promise<void>,
  called: Readonly<Record<string, string>> = {},
): ProblemForm<T> {
  const form = useForm<T>({ defaultValues: values });
  const onSubmit = form.handleSubmit(async (given) => {
    try {
      await submit(given as unknown as T, form);
    } catch (error) {
      const names = Object.keys(given);
      const left: string[] = [];
      let isFirst = true;
      for (const each of error instanceof Problem ? error.errors : []) {
        const name = called[each.field] ?? fieldFor(each, names);
        const message = each.line === undefined ? each.reason : `Line ${each.line}: ${each.reason}`;
        if (name === undefined) left.push(`${each.field}: ${message}`);
        else form.setError(name as FieldPath<T>, { message }, { shouldFocus: isFirst });
        isFirst = isFirst && name === undefined;
      }
      if (isFirst) form.setError("root", { message: left.join(" ") || messageOf(error) });
    }
  });
  return { ...form, onSubmit };
}

export interface FieldProps {
  readonly id: string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string | undefined;
}

/** A label, its control, a hint, and what is wrong with it. */
export function Field({ label, hint, fault, children }: {
  label: string;
  hint?: ReactNode;
  fault?: string | undefined;
  children: (props: FieldProps) => ReactNode;
}): ReactElement {
  const id = useId();
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": fault !== undefined, "aria-describedby": described })}
      {fault !== undefined && (
        <p id={`${id}-fault`} className="fault" role="alert">
          {fault}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** What is wrong with the form as a whole. */
export function FormFault({ message }: { message: string | undefined }): ReactElement | null {
  return message === undefined ? null : (
    <p className="notice" role="alert">
      {message}
    </p>
  );
}

/** What ends a form in a dialog. */
export function FormActions({ label, isBusy, onClose }: { label: string; isBusy: boolean; onClose: () => void }): ReactElement {
  return (
    <div className="actions">
      <button type="button" onClick={onClose}>
        Go back
      </button>
      <button type="submit" className="primary" disabled={isBusy}>
        {label}
      </button>
    </div>
  );
}
