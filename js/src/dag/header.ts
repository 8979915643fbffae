// The line above: what is drawn of the history, and taking back.
import { counted, exact } from "../base/format";
import type { Ground } from "../base/ground";
import { h, span } from "../base/h";
import { icon } from "../base/icons_history";
import { type Choice, menu } from "../base/menu";
import { iconButton, kbd } from "../base/parts";
import type { DagState } from "./model";

const PAUSE = 180; // milliseconds after the last key until the filter is asked for
const STATES = ["pinned", "important", "skipped", "edited", "masked", "failed", "covered"];
const ROLES = ["system", "user", "assistant", "tool"];

/** The words of a filter, quotes kept together. */
export function wordsOf(filter: string): string[] {
  return filter.match(/(?:[a-z]+:)?"[^"]*"?|\S+/g) ?? [];
}

/** A filter with the word of a key set to a value, or without it. */
export function withWord(filter: string, key: string, value: string): string {
  const others = wordsOf(filter).filter((word) => !word.startsWith(`${key}:`));
  const quoted = /\s/.test(value) ? `"${value}"` : value;
  return [...others, ...(value ? [`${key}:${quoted}`] : [])].join(" ");
}

/** The value of a key in a filter; empty without one. */
export function wordFor(filter: string, key: string): string {
  const word = wordsOf(filter).find((found) => found.startsWith(`${key}:`));
  return word?.slice(key.length + 1).replaceAll('"', "") ?? "";
}

export interface Asks {
  filter(text: string): void;
  next(back: boolean): void;
  leave(): void;
  act(action: "undo" | "redo"): void;
}

export class Header {
  readonly element: HTMLElement;
  readonly #field: HTMLInputElement;
  readonly #counts = span("counts dimmer");
  readonly #undo: HTMLButtonElement;
  readonly #redo: HTMLButtonElement;
  readonly #ground: Ground<DagState>;
  readonly #asks: Asks;
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor(ground: Ground<DagState>, asks: Asks) {
    this.#ground = ground;
    this.#asks = asks;
    this.#field = h("input", {
      type: "text",
      placeholder: "Filter: text, role:user, is:pinned, >2k",
      "aria-label": "Filter commits",
      spellcheck: "false",
      autocomplete: "off",
      oninput: () => this.#wait(),
      onkeydown: (event: KeyboardEvent) => this.#typed(event),
    });
    this.#undo = this.#button("undo");
    this.#redo = this.#button("redo");
    this.element = h(
      "div",
      "header",
      h("label", "find", icon("search"), this.#field, kbd("/")),
      this.#menu("Role", "role", () => ROLES),
      this.#menu("Type", "type", () => ground.state().types),
      this.#menu("Priority", "is", () => STATES),
      this.#menu("Branch", "branch", () => ground.state().branches.map(([name]) => name)),
      this.#counts,
      span("space"),
      this.#undo,
      this.#redo,
      ground.helpButton(),
    );
  }

  get text(): string {
    return this.#field.value.trim();
  }

  focus(): void {
    this.#field.focus();
    this.#field.select();
  }

  /** Take a filter that was set elsewhere. */
  set(text: string): void {
    if (this.#ground.focused() !== this.#field) this.#field.value = text;
  }

  renew(state: DagState, filter: string): void {
    const folded = state.folded ? ` · ${exact(state.folded)} folded` : "";
    this.#counts.textContent = filter
      ? `${exact(state.rows)} of ${exact(state.commits)} commits`
      : `${counted(state.commits, "commit")}${folded}`;
    for (const [button, name, verb] of [
      [this.#undo, "undo", state.undo],
      [this.#redo, "redo", state.redo],
    ] as const) {
      button.disabled = !verb || !this.#ground.alive;
      button.title = verb ? `${name} ${verb} (${name === "undo" ? "z" : "⇧z"})` : `nothing to ${name}`;
    }
  }

  #button(action: "undo" | "redo"): HTMLButtonElement {
    return iconButton(icon(action), action, () => this.#asks.act(action));
  }

  #menu(label: string, key: string, values: () => readonly string[]): HTMLElement {
    const choices = (): Choice[] => {
      const now = wordFor(this.text, key);
      return [
        { label: "any", value: "", checked: !now },
        ...values().map((value) => ({ label: value, value, checked: value === now })),
      ];
    };
    const choose = (value: string) => {
      this.#field.value = withWord(this.text, key, value);
      this.#asks.filter(this.text);
    };
    return menu(label, choices, choose, this.#ground.signal);
  }

  #wait(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#asks.filter(this.text), PAUSE);
  }

  #typed(event: KeyboardEvent): void {
    const { key } = event;
    if (!/^(Enter|Escape|ArrowDown)$/.test(key)) return;
    if (key !== "ArrowDown") {
      clearTimeout(this.#soon);
      const had = this.text;
      if (key === "Escape") this.#field.value = "";
      if (had || key === "Enter") this.#asks.filter(this.text);
    }
    this.#asks.leave();
    event.preventDefault();
  }
}
