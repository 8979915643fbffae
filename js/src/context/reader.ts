// One unit's whole text, where the tables stand; or an editor for it.
import { counted, exact } from "../base/format";
import { h, put, span } from "../base/h";
import { button, editor, kbd } from "../base/parts";
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
  readonly element = h("div", { class: "reader column", hidden: true });
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
    this.#field = null;
    const seen = await this.#described(commit, PAGE);
    if (!seen) return;
    const name = seen.role !== "tool" && !seen.who.startsWith("→") ? "prose" : "";
    const body = h("pre", { class: name, tabindex: 0, "aria-label": `Text of ${seen.who}` }, seen.text);
    let shown = seen.text.length;
    const onclick = async () => {
      const next = await this.#reading.describe(commit, shown, PAGE);
      body.append(next.text);
      shown += next.text.length;
      tell(next.text === "");
    };
    const more = h("button", { class: "link", onclick }, "more");
    const said = h("span", "dim");
    const tell = (isAll: boolean) => {
      more.hidden = isAll || shown >= seen.length;
      put(said, shown < seen.length && `${exact(shown)} of `, counted(seen.length, "character"));
    };
    tell(false);
    this.#open(seen, [said, more], body);
    body.focus({ preventScroll: true });
  }

  /** Edit a unit's text. */
  async edit(commit: string): Promise<void> {
    const seen = await this.#described(commit, MOST_EDITED);
    if (!seen) return;
    if (seen.length > MOST_EDITED) {
      const way = `edit it in Python, t.edit("${seen.commit}", text).`;
      this.#open(seen, [], h("p", "note", `Its text has ${counted(seen.length, "character")}: ${way}`));
      return;
    }
    const done = async () => {
      if (field.value !== seen.text && (await this.#reading.apply(commit, field.value))) this.close();
    };
    const apply = button({ class: "primary", disabled: true }, done, "Apply edit ", kbd("shift+Enter"));
    const field = editor(`Text of ${seen.who}`, seen.text, done);
    field.addEventListener("input", () => {
      apply.disabled = field.value === seen.text;
      this.#reading.onText(commit, field.value);
    });
    this.#field = field;
    this.#open(seen, [span("dim", "its text from here on"), span("space"), apply], field);
    field.focus();
    field.setSelectionRange(0, 0);
  }

  close(): boolean {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    put(this.element);
    this.#commit = "";
    this.#field = null;
    this.#reading.onClose();
    return true;
  }

  /** Ask for a unit; nothing where another one is asked for meanwhile. */
  async #described(commit: string, count: number): Promise<Described | null> {
    this.#commit = commit;
    const seen = await this.#reading.describe(commit, 0, count);
    return this.#commit === commit ? seen : null;
  }

  #open(seen: Described, more: HTMLElement[], body: HTMLElement): void {
    const who = h("b", { class: "who", "data-role": seen.role }, seen.who);
    const close = button("", () => this.close(), "Close ", kbd("Escape"));
    const bar = h("div", "bar", who, more, this.isEditing ? null : span("space"), close);
    put(this.element, bar, body);
    this.element.hidden = false;
  }
}
