// The draft of a group: read, edited in place, written again.
import { exact } from "../base/format";
import { bold, type Children, h, put, span } from "../base/h";
import { icon } from "../base/icons_review";
import { button, editor, kbd } from "../base/parts";
import { note, sendOnEnter } from "../base/review";
import { type Detail, type Item, isOpen, STRATEGIES, type Strategy } from "./state";

export interface Hands {
  /** Whether drafts can be changed now. */
  canChange(): boolean;
  model(): string | null;
  /** Begin to edit, where that can be done now. */
  edit(): void;
  write(text: string): void;
  ask(instructions: string): void;
  use(strategy: Strategy): void;
  stop(): void;
  forget(): void;
}

export class Draft {
  readonly head = h("div", "pane-head");
  readonly element = h("div", "draft column");
  readonly #told = h("div", "told");
  readonly #text = h("div", "draft-text column");
  readonly #foot = h("footer", "legend");
  readonly #ask = h("form", "asking needs-kernel");
  readonly #field = h("input", {
    placeholder: "Write it again, for example: name the commits",
    "aria-label": "Instruction to the model",
  });
  readonly #hands: Hands;
  #item: Item | undefined;
  #detail: Detail | null = null;
  #editor: HTMLTextAreaElement | null = null;

  constructor(hands: Hands) {
    this.#hands = hands;
    const go = h("button", { class: "button", type: "submit", "data-code": "ask" }, "Write again");
    this.#ask.append(h("label", "find", icon("spark"), this.#field, kbd("r")), go);
    sendOnEnter(this.#field, this.#ask);
    this.#ask.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#hands.ask(this.#field.value);
    });
    this.element.append(this.#told, this.#text, this.#foot, this.#ask);
  }

  /** What is typed; nothing while nobody edits. */
  get typed(): string | undefined {
    return this.#editor?.value;
  }

  get instructions(): string {
    return this.#field.value;
  }

  focusAsk(): void {
    this.#field.focus();
  }

  /** Show a group; its text comes with its details. */
  show(item: Item | undefined, detail: Detail | null): void {
    this.#item = item;
    this.#detail = detail;
    this.#drawHead();
    this.#drawTold();
    if (!this.#editor) this.#drawText();
    this.#drawFoot();
    this.#ask.hidden =
      Boolean(this.#editor) ||
      !item ||
      !isOpen(item) ||
      !this.#hands.canChange() ||
      !this.#hands.model() ||
      item.writing !== null;
  }

  /** Put a name where the text is being written; whether it is. */
  insert(name: string): boolean {
    const field = this.#editor;
    if (!field) return false;
    const { selectionStart: at, selectionEnd: end, value } = field;
    const space = at && !/\s/.test(value[at - 1] ?? "") ? " " : "";
    field.setRangeText(`${space}${name}`, at, end, "end");
    field.focus();
    return true;
  }

  edit(): void {
    const detail = this.#detail;
    if (!detail || this.#editor) return;
    const field = editor("Draft", detail.text, () => this.#keep());
    field.spellcheck = true;
    this.#editor = field;
    put(this.#text, field);
    this.show(this.#item, detail);
    field.focus();
    field.setSelectionRange(detail.text.length, detail.text.length);
  }

  /** Leave the editor; what was typed is let go. */
  leave(): boolean {
    if (!this.#editor) return false;
    this.#editor = null;
    this.show(this.#item, this.#detail);
    return true;
  }

  #keep(): void {
    if (this.#editor) this.#hands.write(this.#editor.value);
  }

  #drawHead(): void {
    const item = this.#item;
    if (!item) return void put(this.head);
    const canSwitch = !this.#editor && isOpen(item) && this.#hands.canChange() && item.writing === null;
    put(
      this.head,
      bold("Draft"),
      span("dim", item.after < item.before ? `${exact(item.after)} tokens` : ""),
      span("space"),
      h(
        "span",
        { class: "ways", role: "group", "aria-label": "Who writes it" },
        STRATEGIES.map((name, at) =>
          h(
            "button",
            {
              "aria-pressed": name === item.strategy,
              disabled: !canSwitch || (name === "summarize" && !this.#hands.model()),
              "data-code": `use-${name}`,
              title: `${WAYS[name]} (${at + 1})`,
              onclick: () => this.#hands.use(name),
            },
            name,
          ),
        ),
      ),
    );
  }

  #drawTold(): void {
    const item = this.#item;
    if (!item) return void put(this.#told);
    const told: Children[] = [];
    if (item.writing !== null)
      told.push(
        h(
          "div",
          "told-row is-busy",
          icon("spark"),
          h(
            "span",
            { role: "status" },
            "Being written",
            item.writing ? `: ${item.writing}` : "",
            ". The rest can be worked with meanwhile.",
          ),
          button("needs-kernel", () => this.#hands.stop(), "Stop"),
        ),
      );
    if (item.failed)
      told.push(
        h(
          "div",
          { class: "told-row is-wrong", role: "alert" },
          icon("x"),
          span("", item.failed),
          button("", () => this.#hands.forget(), "Close"),
        ),
      );
    if (item.problem && isOpen(item)) told.push(note("warn", `It cannot be approved: ${item.problem}.`));
    if (item.changed) told.push(note("warn", `${units(item.changed)} edited since the draft was written.`));
    if (item.taken)
      told.push(
        note(
          "warn",
          `${units(item.taken)} no longer in it. The draft may speak of ${item.taken === 1 ? "it" : "them"}.`,
        ),
      );
    put(this.#told, ...told);
  }

  #drawText(): void {
    const { parts = [] } = this.#detail ?? {};
    const shown = parts.length
      ? parts.map(([kind, text]) =>
          kind ? h("mark", { class: kind, title: kind === "added" ? "In no original" : null }, text) : text,
        )
      : [this.#detail ? span("dimmer", "Nobody has written a draft. Press e to write it.") : ""];
    put(
      this.#text,
      h(
        "div",
        {
          class: this.#item?.strategy === "mask" ? "text is-masks" : "text",
          tabindex: 0,
          role: "group",
          "aria-label": "Draft",
          ondblclick: () => this.#hands.edit(),
        },
        shown,
      ),
    );
  }

  #drawFoot(): void {
    if (this.#editor)
      return void put(
        this.#foot,
        span("", kbd("shift+Enter"), " keeps it, ", kbd("Escape"), " leaves it as it was"),
        span("space"),
        button({ "data-code": "edit" }, () => this.#keep(), "Keep this text"),
      );
    const by = this.#item?.by ?? "";
    const canEdit =
      this.#item && isOpen(this.#item) && this.#hands.canChange() && this.#item.writing === null;
    put(
      this.#foot,
      h("mark", "kept", "kept"),
      h("mark", "added", "in no original"),
      span("space"),
      h("span", { class: "by", title: by }, by),
      canEdit &&
        button(
          { class: "needs-kernel", "data-code": "edit" },
          () => this.#hands.edit(),
          icon("edit"),
          "Edit",
          kbd("e"),
        ),
    );
  }
}

const WAYS: Record<Strategy, string> = {
  mask: "A line for each old output; what people said stays",
  structural: "What was asked, done and decided, told without a model",
  summarize: "A model writes it",
};

function units(count: number): string {
  return count === 1 ? "1 unit" : `${exact(count)} units`;
}
