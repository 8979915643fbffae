// One unit's whole text, where the tables stand; or an editor for it.
import { counted, exact } from "../base/format";
import { h, span } from "../base/h";
import type { Described } from "./card";

const PAGE = 20_000; // characters of one request
const MOST_EDITED = 200_000; // characters that a field can still hold with ease

export interface Reading {
  describe(commit: string, start: number, count: number): Promise<Described>;
  /** The text that stands in the field now would be committed. */
  onText(commit: string, text: string): void;
  apply(commit: string, text: string): Promise<boolean>;
  onClose(): void;
}

export class Reader {
  readonly element = h("div", { class: "reader", hidden: true });
  readonly #reading: Reading;
  #commit = "";
  #field: HTMLTextAreaElement | null = null;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  get commit(): string {
    return this.#commit;
  }

  get isEditing(): boolean {
    return this.#field !== null;
  }

  /** Show a unit's text. */
  async read(commit: string): Promise<void> {
    this.#commit = commit;
    this.#field = null;
    const seen = await this.#reading.describe(commit, 0, PAGE);
    if (this.#commit !== commit) return;
    const prose = seen.role !== "tool" && !seen.who.startsWith("→");
    const body = h(
      "pre",
      { class: prose ? "prose" : "", tabindex: 0, "aria-label": `Text of ${seen.who}` },
      seen.text,
    );
    let shown = seen.text.length;
    const more = h("button", { class: "link", hidden: shown >= seen.length }, "more");
    const said = h("span", "dim");
    const tell = () =>
      said.replaceChildren(
        shown < seen.length
          ? `${exact(shown)} of ${counted(seen.length, "character")}`
          : counted(seen.length, "character"),
      );
    more.addEventListener("click", async () => {
      const next = await this.#reading.describe(commit, shown, PAGE);
      body.append(next.text);
      shown += next.text.length;
      more.hidden = shown >= next.length || !next.text;
      tell();
    });
    tell();
    this.#open([h("b", { class: "who", "data-role": seen.role }, seen.who), said, more], body);
    body.focus({ preventScroll: true });
  }

  /** Edit a unit's text. */
  async edit(commit: string): Promise<void> {
    this.#commit = commit;
    const seen = await this.#reading.describe(commit, 0, MOST_EDITED);
    if (this.#commit !== commit) return;
    if (seen.length > MOST_EDITED) {
      this.#open(
        [h("b", { class: "who", "data-role": seen.role }, seen.who)],
        h(
          "p",
          "note",
          `Its text has ${counted(seen.length, "character")}: edit it in Python, t.edit("${seen.commit}", text).`,
        ),
      );
      return;
    }
    const field = h("textarea", { spellcheck: "false", "aria-label": `Text of ${seen.who}` });
    field.value = seen.text;
    const apply = h(
      "button",
      { class: "button primary", disabled: true },
      "Apply edit ",
      h("kbd", { "aria-hidden": "true" }, "⇧↵"),
    );
    const done = async () => {
      if (field.value !== seen.text && (await this.#reading.apply(commit, field.value))) this.close();
    };
    apply.addEventListener("click", () => void done());
    field.addEventListener("input", () => {
      apply.disabled = field.value === seen.text;
      this.#reading.onText(commit, field.value);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void done();
      }
    });
    this.#field = field;
    this.#open(
      [h("b", { class: "who", "data-role": seen.role }, seen.who), span("dim", "its text from here on")],
      field,
      apply,
    );
    field.focus();
    field.setSelectionRange(0, 0);
  }

  close(): boolean {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.#commit = "";
    this.#field = null;
    this.#reading.onClose();
    return true;
  }

  #open(head: (HTMLElement | null)[], body: HTMLElement, go?: HTMLElement): void {
    const close = h("button", "button", "Close ", h("kbd", { "aria-hidden": "true" }, "Esc"));
    close.addEventListener("click", () => this.close());
    this.element.replaceChildren(h("div", "bar", head, h("span", "space"), go ?? null, close), body);
    this.element.hidden = false;
  }
}
