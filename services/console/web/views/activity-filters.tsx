/** The builder of a subscription: which types, and conditions on the fields that the schema gives them. */

import { FAMILIES } from "@autodmca/realtime";
import type { EventType } from "@autodmca/realtime";
import type { ReactElement } from "react";
import { count, words } from "../lib/format";
import { OPERATOR_WORDS, TYPES, fieldsOf, operatorsOf } from "../lib/schema";
import type { Condition, Kind, Operator } from "../lib/schema";

interface Props {
  readonly types: readonly EventType[];
  readonly conditions: readonly Condition[];
  readonly onTypes: (types: readonly EventType[]) => void;
  readonly onConditions: (conditions: readonly Condition[]) => void;
  /** Whether everybody's events are heard; absent for those who may not. */
  readonly forAll: { readonly isOn: boolean; readonly set: (isOn: boolean) => void } | undefined;
}

export function ActivityFilters({ types, conditions, onTypes, onConditions, forAll }: Props): ReactElement {
  const fields = fieldsOf(types);
  const kinds = new Map(fields.map(({ path, kind }) => [path, kind]));
  const toggle = (type: EventType): void =>
    onTypes(types.includes(type) ? types.filter((each) => each !== type) : TYPES.filter((each) => each === type || types.includes(each)));
  const change = (index: number, part: Partial<Condition>): void =>
    onConditions(conditions.map((each, at) => (at === index ? { ...each, ...part } : each)));
  const add = (): void => {
    const first = fields[0];
    if (first) onConditions([...conditions, { field: first.path, operator: operatorsOf(first.kind)[0] ?? "eq", value: "" }]);
  };
  return (
    <div className="body stack">
      <details>
        <summary>
          Types: {types.length === TYPES.length ? "all" : `${count(types.length)} of ${count(TYPES.length)}`}
        </summary>
        <div className="row">
          <button type="button" onClick={() => onTypes(TYPES)}>
            All types
          </button>
          <button type="button" onClick={() => onTypes([])}>
            No type
          </button>
        </div>
        <div className="types">
          {Object.entries(FAMILIES).map(([family, members]) => (
            <fieldset key={family}>
              <legend>{words(family)}</legend>
              {members.map((type) => (
                <label key={type} className="check">
                  <input type="checkbox" checked={types.includes(type)} onChange={() => toggle(type)} />
                  {words(type)}
                </label>
              ))}
            </fieldset>
          ))}
        </div>
      </details>
      {forAll && (
        <label className="check">
          <input type="checkbox" checked={forAll.isOn} onChange={(event) => forAll.set(event.target.checked)} />
          Everybody&rsquo;s events
        </label>
      )}
      {conditions.length > 0 && (
        <ul className="conditions" aria-label="Conditions">
          {conditions.map((condition, index) => {
            const kind: Kind = kinds.get(condition.field) ?? "text";
            return (
              <li key={index}>
                <select
                  aria-label="Field"
                  value={condition.field}
                  onChange={(event) => {
                    const field = event.target.value;
                    const allowed = operatorsOf(kinds.get(field) ?? "text");
                    const operator = allowed.includes(condition.operator) ? condition.operator : (allowed[0] ?? "eq");
                    change(index, { field, operator });
                  }}
                >
                  {!kinds.has(condition.field) && <option value={condition.field}>{condition.field} (no such field)</option>}
                  {fields.map(({ path }) => (
                    <option key={path}>{path}</option>
                  ))}
                </select>
                <select aria-label="Operator" value={condition.operator} onChange={(event) => change(index, { operator: event.target.value as Operator })}>
                  {operatorsOf(kind).map((each) => (
                    <option key={each} value={each}>
                      {OPERATOR_WORDS[each]}
                    </option>
                  ))}
                </select>
                <Value condition={condition} kind={kind} onChange={(value) => change(index, { value })} />
                <button type="button" aria-label={`Remove the condition on ${condition.field}`} onClick={() => onConditions(conditions.filter((_, at) => at !== index))}>
                  Remove
                </button>
              </li>
            );
          })}
        </ul>
      )}
      <div className="row">
        <button type="button" disabled={fields.length === 0} onClick={add}>
          Add a condition
        </button>
        {conditions.length > 1 && <span className="quiet small">All of them must hold.</span>}
      </div>
    </div>
  );
}

function Value({ condition, kind, onChange }: {
  condition: Condition;
  kind: Kind;
  onChange: (value: string) => void;
}): ReactElement {
  const { operator, value } = condition;
  if (operator === "exists" || kind === "flag") {
    return (
      <select aria-label="Value" value={value || "true"} onChange={(event) => onChange(event.target.value)}>
        <option value="true">yes</option>
        <option value="false">no</option>
      </select>
    );
  }
  const isList = operator === "in" || operator === "nin";
  const example = kind === "moment" ? "2026-03-07T10:30:00Z" : kind === "number" ? "50" : "a word";
  return (
    <input
      aria-label="Value"
      value={value}
      placeholder={isList ? "several, with commas" : example}
      inputMode={kind === "number" && !isList ? "decimal" : "text"}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
