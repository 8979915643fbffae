// The review of a merge: what both sides did, what shall stand, and applying it.
import { counted, exact, round, short } from "./base/format";
import { code, type Ground, widget } from "./base/ground";
import { h, svg } from "./base/h";
import { icon } from "./base/icons";
import "./base/find";
import "./base/lanes";
import styles from "./merge/merge.css";
import type { Detail, Item, MergeState } from "./merge/state";
import { branchChip, drawResult, drawSides } from "./merge/texts";

const CHOICES = [
  ["ours", "Ours", "1"],
  ["theirs", "Theirs", "2"],
  ["both", "Both", "3"],
  ["base", "Base", "4"],
] as const;

class MergeView {
  readonly #ground: Ground<MergeState>;
  readonly #head = h("header", { class: "header" });
  readonly #list = h("div", { class: "conflicts", role: "listbox", "aria-label": "Conflicts" });
  readonly #about = h("div", { class: "about" });
  readonly #sides = h("div", { class: "sides" });
  readonly #choose = h("div", { class: "choose", role: "group", "aria-label": "Result" });
  readonly #result = h("div", { class: "result" });
  readonly #ask = h("form", { class: "asking needs-kernel" });
  readonly #end = h("div", { class: "end" });
  readonly #work = h("div", { class: "work" }, this.#sides, this.#choose, this.#result, this.#ask);
  readonly #body = h(
    "div",
    { class: "body" },
    h("div", { class: "rail" }, this.#list, this.#about),
    this.#work,
  );
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
    const box = h("textarea", { "aria-label": "Result", spellcheck: "true" });
    box.value = this.#detail.result ?? this.#detail.ours;
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void this.#keep();
      }
    });
    this.#editing = box;
    this.#edited = this.#item.key;
    this.#result.replaceChildren(
      box,
      h(
        "footer",
        null,
        h("span", null, h("kbd", null, "⇧↵"), " keeps it, ", h("kbd", null, "Esc"), " leaves it as it was"),
        h("span", { class: "space" }),
        h("button", { class: "button", type: "button", onclick: () => this.#keep() }, "Keep this text"),
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
    this.#drawHead();
    this.#drawList();
    this.#drawAbout();
    this.#drawEnd();
    this.#body.classList.toggle("is-settled", !this.#pending);
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    const item = this.#item;
    if (!item) {
      this.#work.replaceChildren(h("p", { class: "nothing" }, "Nothing to decide."));
      return;
    }
    const detail = await this.#ground.request<Detail>("conflict", { key: item.key }).catch(() => null);
    if (!detail || item.key !== this.#item?.key) return;
    this.#detail = detail;
    this.#sides.replaceChildren(...drawSides(detail, this.#state));
    if (!this.#editing) this.#drawResult();
    this.#drawChoose();
  }

  #drawHead(): void {
    const { verb, source, branch, coming, warnings, state } = this.#state;
    const open = this.#open;
    const joint = verb === "rebase" ? "onto" : "into";
    const [first, second] = verb === "rebase" ? [branch, source] : [source, branch];
    const said =
      state !== "pending"
        ? state
        : open
          ? `${open} of ${this.#items.length} unresolved`
          : `all ${this.#items.length} settled`;
    this.#head.replaceChildren(
      h(
        "h2",
        null,
        verb[0]?.toUpperCase() + verb.slice(1),
        branchChip(first, verb === "rebase" ? "ours" : "theirs"),
        h("span", { class: "joint" }, joint),
        branchChip(second, verb === "rebase" ? "theirs" : "ours"),
      ),
      h(
        "span",
        { class: "dim counts" },
        [
          coming ? `${counted(coming, "commit")} ${coming === 1 ? "comes" : "come"} in` : "",
          counted(this.#items.length, "conflict"),
          warnings.length ? counted(warnings.length, "warning") : "",
        ]
          .filter(Boolean)
          .join(", "),
      ),
      h("span", { class: "space" }),
      h(
        "span",
        {
          class: `pill ${open && state === "pending" ? "todo" : "done"}`,
          role: "status",
          "aria-live": "polite",
        },
        said,
        this.#items.length <= 12
          ? h(
              "span",
              { class: "dots", "aria-hidden": true },
              this.#items.map((item) => h("i", { class: item.status })),
            )
          : null,
      ),
      h(
        "button",
        { class: "icon-button", "aria-label": "Keys", onclick: () => this.#ground.help() },
        icon("help"),
      ),
    );
  }

  #drawList(): void {
    const had = this.#list.contains(this.#ground.focused());
    this.#list.replaceChildren(
      ...this.#items.map((item, at) =>
        h(
          "div",
          {
            class: "conflict",
            role: "option",
            tabindex: at === this.#at ? 0 : -1,
            "aria-selected": at === this.#at,
            onclick: () => this.#go(at),
          },
          h("span", { class: `state ${item.status}` }, stateIcon(item.status)),
          h("b", null, item.title),
          h("span", { class: "choice" }, item.status === "open" ? "open" : item.choice),
          h("span", { class: "line", title: item.line }, item.who ? `${item.who}  ${item.line}` : item.line),
        ),
      ),
    );
    const chosen = this.#list.querySelector<HTMLElement>("[aria-selected=true]");
    chosen?.scrollIntoView({ block: "nearest" });
    if (had) chosen?.focus({ preventScroll: true });
  }

  #drawAbout(): void {
    const { incoming, coming, source, warnings, notes, state } = this.#state;
    const more = coming - incoming.length;
    this.#about.replaceChildren(
      incoming.length && state === "pending"
        ? h(
            "div",
            { class: "incoming" },
            h("h3", null, `Comes in from ${source}`),
            incoming.map(({ who, line }) =>
              h("p", { title: line }, h("i"), h("span", { class: "who" }, who), line),
            ),
            more > 0 ? h("p", { class: "dim" }, `and ${exact(more)} more`) : null,
          )
        : "",
      ...[...notes, ...warnings].map((text, at) =>
        h("p", { class: "note" }, icon(at < notes.length ? "check" : "warn"), h("span", null, text)),
      ),
    );
  }

  #drawChoose(): void {
    const item = this.#item;
    if (!item) return;
    const button = (label: string, key: string, on: boolean, run: () => void, off = false) =>
      h(
        "button",
        {
          class: `button ${on ? "on" : ""}`,
          "aria-pressed": on,
          disabled: off || !this.#pending,
          onclick: run,
        },
        label,
        h("kbd", null, key),
      );
    this.#choose.replaceChildren(
      h("b", null, "Result"),
      ...CHOICES.filter(([value]) => item.choices.includes(value)).map(([value, label, key]) =>
        button(label, key, item.status === "settled" && item.choice === value, () => this.#take(value)),
      ),
      item.takesText ? button("Edit…", "e", item.choice === "edited", () => this.#edit()) : "",
      item.status === "proposed"
        ? h(
            "button",
            { class: "button accept needs-kernel", onclick: () => this.#accept() },
            icon("check"),
            "Accept proposal",
            h("kbd", null, "↵"),
          )
        : "",
      h("span", { class: "space" }),
      h(
        "button",
        { class: "button", "aria-label": "Open one before", onclick: () => this.#next(-1) },
        icon("prev"),
        h("kbd", null, "p"),
      ),
      h("button", { class: "button", onclick: () => this.#next(1) }, "Next", h("kbd", null, "n")),
    );
  }

  #drawResult(): void {
    const item = this.#item;
    const detail = this.#detail;
    if (!item || !detail) return;
    const legend = (from: string, text: string) => h("span", null, h("i", { "data-from": from }), text);
    const text = h("div", { class: "text", tabindex: 0, role: "group", "aria-label": "Result" });
    text.append(...drawResult(detail, item));
    text.addEventListener("dblclick", () => this.#edit());
    this.#result.replaceChildren(
      text,
      h(
        "footer",
        null,
        legend("ours", "from ours"),
        legend("theirs", "from theirs"),
        legend("new", "in neither"),
        h("span", { class: "space" }),
        h("span", { class: "by", title: detail.by }, detail.by),
        detail.result === null ? null : h("span", null, h("b", null, exact(detail.tokens.result)), " tokens"),
      ),
    );
  }

  #drawAsk(): void {
    const field = h("input", {
      placeholder: "Ask the model, for example: keep both rules, in two sentences",
      "aria-label": "Instruction to the model",
    });
    const go = h("button", { class: "button", type: "submit" }, "Ask");
    this.#ask.append(h("label", { class: "find" }, icon("spark"), field, h("kbd", null, "a")), go);
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
    const apply = h(
      "button",
      {
        class: "button primary needs-kernel",
        disabled: open > 0,
        title: open ? "Settle every conflict first" : "",
        onclick: () => this.#apply(),
      },
      open ? `Apply, ${open} open` : "Apply",
      h("kbd", null, "⇧↵"),
    );
    this.#end.replaceChildren(
      h(
        "span",
        { class: "size" },
        short(before),
        " → ",
        h("b", null, short(after)),
        budget ? ` of ${round(budget)} tokens` : " tokens",
      ),
      code(line),
      ...(state === "pending"
        ? [h("button", { class: "button needs-kernel", onclick: () => this.#reject() }, "Reject"), apply]
        : []),
    );
  }
}

/** Open ○, proposed ◐, settled ✓. */
function stateIcon(status: Item["status"]): SVGSVGElement {
  if (status === "settled") return icon("check", "settled");
  const half = status === "proposed" ? svg("path", { d: "M8 3a5 5 0 0 0 0 10z", class: "filled" }) : null;
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", role: "img", "aria-label": status },
    svg("circle", { cx: 8, cy: 8, r: 5 }),
    half,
  );
}

export default widget<MergeState>("Review of a merge", styles, (ground) => {
  new MergeView(ground);
});
