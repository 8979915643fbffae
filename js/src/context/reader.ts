// One unit's whole text, where the tables stand; or an editor for it.
import { type Draft, drawDraft, unitsOf } from "../base/draft";
import { counted, exact } from "../base/format";
import { bold, h, put, span } from "../base/h";
import { button, editor, kbd } from "../base/parts";
import type { Described } from "./card";

const PAGE = 20_000; // characters of one request
const MOST_EDITED = 200_000; // characters that a field can still hold with ease

export interface Reading {
  describe(commit: string, start: number, count: number): Promise<Described>;
  /** The text that stands in the field now would be committed. */
  onText(commit: string, text: string): void;
  /** Commit a text, where the unit's is still the one that was edited. */
  apply(commit: string, text: string, was: string): Promise<boolean>;
  onClose(): void;
}

export class Reader {
  readonly element = h("div", { class: "reader column", hidden: true });
  readonly #reading: Reading;
  #commit = "";
  #holds = false; // whether it holds something that is not written yet

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  get commit(): string {
    return this.#commit;
  }

  /** Whether it asks for something: an edit, or whether a draft shall stand. */
  get isAsking(): boolean {
    return this.#holds;
  }

  /** Show a unit's text. */
  async read(commit: string): Promise<void> {
    this.#holds = false;
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
      const isDone = field.value !== seen.text && this.#reading.apply(commit, field.value, seen.wording);
      if (await isDone) this.close();
    };
    const apply = button({ class: "primary", disabled: true }, done, "Apply edit ", kbd("shift+Enter"));
    const field = editor(`Text of ${seen.who}`, seen.text, done);
    field.addEventListener("input", () => {
      apply.disabled = field.value === seen.text;
      this.#reading.onText(commit, field.value);
    });
    this.#holds = true;
    this.#open(seen, [span("dim", "its text from here on"), span("space"), apply], field);
    field.focus();
    field.setSelectionRange(0, 0);
  }

  /**
   * Show what would stand for some units. It needs no model; where a review that a person and a model write
   * together can be begun, it is another button here.
   */
  draft(draft: Draft, apply: () => Promise<boolean>): void {
    const units = unitsOf(draft);
    const done = async () => {
      if (units && (await apply())) this.close();
    };
    const words = `Compress ${counted(units, "unit")} `;
    const go = button({ class: "primary", disabled: !units }, done, words, kbd("shift+Enter"));
    const body = drawDraft(draft);
    body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) void done();
    });
    this.#commit = "";
    this.#holds = true;
    this.#show([bold("In their place"), span("space"), go], body);
    body.focus({ preventScroll: true });
  }

  close(): boolean {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    put(this.element);
    this.#commit = "";
    this.#holds = false;
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
    this.#show([who, ...more, this.#holds ? null : span("space")], body);
  }

  #show(head: (HTMLElement | null)[], body: HTMLElement): void {
    put(
      this.element,
      h(
        "div",
        "bar",
        head,
        button("", () => this.close(), "Close ", kbd("Escape")),
      ),
      body,
    );
    this.element.hidden = false;
  }
}
