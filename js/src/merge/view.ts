// What both sides did, what shall stand, and applying it.
import { counted, exact, round, short } from "../base/format";
import { code, type Ground } from "../base/ground";
import { bold, h, put, span } from "../base/h";
import { icon } from "../base/icons_review";
import { button, editor, kbd } from "../base/parts";
import { sendOnEnter } from "../base/review";
import { drawAbout, drawHead, drawItems } from "./parts";
import type { Detail, Item, MergeState } from "./state";
import { drawResult, drawSides } from "./texts";

const CHOICES = [
  ["ours", "Ours", "1"],
  ["theirs", "Theirs", "2"],
  ["both", "Both", "3"],
  ["base", "Base", "4"],
] as const;

export class MergeView {
  readonly #ground: Ground<MergeState>;
  readonly #head = h("header", "header");
  readonly #list = h("div", { class: "conflicts", role: "listbox", "aria-label": "Conflicts" });
  readonly #about = h("div", "about column");
  readonly #sides = h("div", "sides");
  readonly #choose = h("div", { class: "choose", role: "group", "aria-label": "Result" });
  readonly #result = h("div", "result column");
  readonly #ask = h("form", "asking needs-kernel");
  readonly #end = h("div", "end");
  readonly #work = h("div", "work column", this.#sides, this.#choose, this.#result, this.#ask);
  readonly #body = h("div", "body", h("div", "rail column", this.#list, this.#about), this.#work);
  #at = 0;
  #detail: Detail | null = null;
  #editing: HTMLTextAreaElement | null = null;
  #edited = ""; // the conflict whose text is written
  #key: string | undefined; // the conflict that is looked at
  #busy = false;

  constructor(ground: Ground<MergeState>) {
    this.#ground = ground;
    ground.root.append(this.#head, this.#body, this.#end);
    const first = this.#items.findIndex((item) => item.status !== "settled");
    this.#at = Math.max(0, first);
    ground.onState(() => this.#renew());
    ground.keys([
      { key: ["ArrowDown"], label: "next conflict", run: () => this.#go(this.#at + 1) },
      { key: ["ArrowUp"], label: "previous conflict", run: () => this.#go(this.#at - 1) },
      { key: "n", label: "next open one", run: () => this.#next(1) },
      { key: ["shift+n", "p"], label: "open one before", run: () => this.#next(-1) },
      ...CHOICES.map(([value, label, key]) => ({
        key,
        label: label.toLowerCase(),
        once: true as const,
        run: () => this.#take(value),
      })),
      { key: "e", label: "edit the result", run: () => this.#edit() },
      { key: "Enter", label: "accept what is proposed", once: true, run: () => this.#accept() },
      { key: "u", label: "open it again", run: () => this.#act("open_again") },
      { key: "a", label: "ask the model", run: () => this.#ask.querySelector("input")?.focus() },
      { key: "shift+Enter", label: "apply", once: true, run: () => this.#apply() },
    ]);
    ground.onEscape(() => this.#leaveEditor());
    this.#drawAsk();
    this.#draw();
  }

  get #state(): MergeState {
    return this.#ground.state();
  }

  get #items(): readonly Item[] {
    return this.#state.items;
  }

  get #item(): Item | undefined {
    return this.#items[this.#at];
  }

  get #pending(): boolean {
    return this.#state.state === "pending";
  }

  /** Take another state: what is looked at stays it, wherever it stands now. */
  #renew(): void {
    const at = this.#items.findIndex((item) => item.key === this.#key);
    this.#at = Math.max(0, at >= 0 ? at : Math.min(this.#at, this.#items.length - 1));
    this.#draw();
  }

  // -- moving and deciding ------------------------------------------------------------------------

  #go(to: number, focus = true): void {
    if (!this.#items.length) return;
    this.#leaveEditor();
    this.#at = Math.max(0, Math.min(to, this.#items.length - 1));
    this.#detail = null;
    this.#draw();
    if (focus) this.#list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  }

  #next(step: number): void {
    const count = this.#items.length;
    for (let away = 1; away <= count; away += 1) {
      const at = (this.#at + step * away + count * away) % count;
      if (this.#items[at]?.status !== "settled") {
        this.#go(at);
        return;
      }
    }
    this.#ground.say("Nothing is open: all is settled.");
  }

  async #act(method: string, params: object = {}): Promise<boolean> {
    const item = this.#item;
    if (!item || !this.#pending || this.#busy) return false;
    this.#busy = true;
    this.#list.querySelector("[aria-selected=true]")?.classList.add("is-busy");
    const done = await this.#ground.act(method, () => ({ key: item.key, ...params }));
    this.#busy = false;
    this.#draw();
    return done;
  }

  #take(choice: string): void {
    if (this.#item?.choices.includes(choice)) void this.#act("choose_side", { choice });
    else this.#ground.say(`${choice} cannot be chosen here.`);
  }

  #accept(): void {
    if (this.#item?.status === "proposed") void this.#act("accept");
  }

  #edit(): void {
    if (!this.#item?.takesText || !this.#detail || !this.#pending || this.#editing) return;
    const box = editor("Result", this.#detail.result ?? this.#detail.ours, () => this.#keep());
    box.spellcheck = true;
    this.#editing = box;
    this.#edited = this.#item.key;
    put(
      this.#result,
      box,
      h(
        "footer",
        null,
        span("", kbd("shift+Enter"), " keeps it, ", kbd("Escape"), " leaves it as it was"),
        span("space"),
        button("", () => this.#keep(), "Keep this text"),
      ),
    );
    box.focus();
  }

  async #keep(): Promise<void> {
    const text = this.#editing?.value;
    if (text === undefined) return;
    // what was typed stays until it is taken
    if (!this.#pending) return this.#ground.say(`The ${this.#state.verb} is ${this.#state.state} by now.`);
    if (!(await this.#act("write", { text, key: this.#edited }))) return;
    this.#editing = null;
    this.#list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  }

  #leaveEditor(): boolean {
    if (!this.#editing) return false;
    this.#editing = null;
    this.#drawResult();
    this.#list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
    return true;
  }

  get #open(): number {
    return this.#items.filter((item) => item.status === "open").length;
  }

  async #apply(): Promise<void> {
    if (!this.#pending) return;
    if (this.#open) {
      this.#ground.say(`${counted(this.#open, "conflict")} open: settle them first.`);
      return;
    }
    await this.#ground.act("apply");
    this.#draw();
  }

  async #reject(): Promise<void> {
    const { verb, source, branch } = this.#state;
    const yes = await this.#ground.ask({
      title: `Reject the ${verb} of ${source}?`,
      body: `Nothing comes into ${branch}; what was decided here is forgotten.`,
      code: "review.reject()",
      action: "Reject it",
    });
    if (yes) await this.#ground.act("reject_all");
    this.#draw();
  }

  // -- drawing ------------------------------------------------------------------------------------

  #draw(): void {
    this.#key = this.#item?.key;
    put(this.#head, ...drawHead(this.#state, this.#open), this.#ground.helpButton());
    this.#drawList();
    put(this.#about, ...drawAbout(this.#state));
    this.#drawEnd();
    this.#body.classList.toggle("is-settled", !this.#pending);
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    const item = this.#item;
    if (!item) {
      put(this.#work, h("p", "nothing", "Nothing to decide."));
      return;
    }
    const detail = await this.#ground.request<Detail>("conflict", { key: item.key }).catch(() => null);
    if (!detail || item.key !== this.#item?.key) return;
    this.#detail = detail;
    put(this.#sides, drawSides(detail, this.#state));
    if (!this.#editing) this.#drawResult();
    this.#drawChoose();
  }

  #drawList(): void {
    const had = this.#list.contains(this.#ground.focused());
    put(
      this.#list,
      drawItems(this.#items, this.#at, (at) => this.#go(at)),
    );
    const chosen = this.#list.querySelector<HTMLElement>("[aria-selected=true]");
    chosen?.scrollIntoView({ block: "nearest" });
    if (had) chosen?.focus({ preventScroll: true });
  }

  #drawChoose(): void {
    const item = this.#item;
    if (!item) return;
    const choice = (label: string, key: string, on: boolean, run: () => void) =>
      button({ class: on ? "on" : "", "aria-pressed": on, disabled: !this.#pending }, run, label, kbd(key));
    put(
      this.#choose,
      bold("Result"),
      ...CHOICES.filter(([value]) => item.choices.includes(value)).map(([value, label, key]) =>
        choice(label, key, item.status === "settled" && item.choice === value, () => this.#take(value)),
      ),
      item.takesText && choice("Edit…", "e", item.choice === "edited", () => this.#edit()),
      item.status === "proposed" &&
        button("accept needs-kernel", () => this.#accept(), icon("check"), "Accept proposal", kbd("Enter")),
      span("space"),
      button({ "aria-label": "Open one before" }, () => this.#next(-1), icon("prev"), kbd("p")),
      button("", () => this.#next(1), "Next", kbd("n")),
    );
  }

  #drawResult(): void {
    const item = this.#item;
    const detail = this.#detail;
    if (!item || !detail) return;
    const legend = (from: string, text: string) => span("", h("i", { "data-from": from }), text);
    const text = h(
      "div",
      { class: "text", tabindex: 0, role: "group", "aria-label": "Result", ondblclick: () => this.#edit() },
      drawResult(detail, item),
    );
    put(
      this.#result,
      text,
      h(
        "footer",
        null,
        legend("ours", "from ours"),
        legend("theirs", "from theirs"),
        legend("new", "in neither"),
        span("space"),
        h("span", { class: "by", title: detail.by }, detail.by),
        detail.result !== null && span("", bold(exact(detail.tokens.result)), " tokens"),
      ),
    );
  }

  #drawAsk(): void {
    const field = h("input", {
      placeholder: "Ask the model, for example: keep both rules, in two sentences",
      "aria-label": "Instruction to the model",
    });
    const go = h("button", { class: "button", type: "submit" }, "Ask");
    this.#ask.append(h("label", "find", icon("spark"), field, kbd("a")), go);
    sendOnEnter(field, this.#ask);
    this.#ask.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      go.replaceChildren("Asking…");
      await this.#act("ask_model", { instructions: field.value });
      go.disabled = false;
      go.replaceChildren("Ask");
    });
    const adapt = () => {
      this.#ask.hidden = !this.#state.model || !this.#pending;
    };
    this.#ground.onState(adapt);
    adapt();
  }

  #drawEnd(): void {
    const { before, after, budget, state } = this.#state;
    const item = this.#item;
    const open = this.#open;
    const line =
      state !== "pending" || !item
        ? "review.state"
        : open
          ? `review.choose(${this.#at}, "${item.choices[0] ?? "ours"}")`
          : "review.approve()";
    const why = open ? "Settle every conflict first" : "";
    put(
      this.#end,
      span(
        "size",
        short(before),
        " → ",
        bold(short(after)),
        budget ? ` of ${round(budget)} tokens` : " tokens",
      ),
      code(line),
      state === "pending" && [
        button("needs-kernel", () => this.#reject(), "Reject"),
        button(
          { class: "primary needs-kernel", disabled: open > 0, title: why },
          () => this.#apply(),
          open ? `Apply, ${open} open` : "Apply",
          kbd("shift+Enter"),
        ),
      ],
    );
  }
}
