// The pane beside the rows: the unit, what there is to say of it, what can be done, and what that would change.
import { exact, money, percent, round, short } from "../base/format";
import { code, copyText, type Ground } from "../base/ground";
import { h, span } from "../base/h";
import { type Icon, icon } from "../base/icons";
import { cap } from "../base/keys";
import { paint } from "./lanes";
import type { Change, DagState, Detail, Fact, Foresight } from "./model";
import { hour, roleOf } from "./row";

export interface Action {
  name: string;
  key: string;
  label: string;
  icon: Icon;
  /** How many commits it takes: one, two, or any number. */
  takes: "one" | "two" | "any";
  /** What it asks for before it can be done. */
  asks?: "name" | "text" | undefined;
}

const TABLE: readonly [string, string, string, Icon, Action["takes"], Action["asks"]?][] = [
  ["pin", "p", "Pin", "pin", "any"],
  ["skip", "s", "Skip", "skip", "any"],
  ["important", "i", "Important", "flag", "any"],
  ["unmark", "u", "Unmark", "x", "any"],
  ["edit", "e", "Edit…", "edit", "one", "text"],
  ["branch", "b", "Branch…", "branch", "one", "name"],
  ["checkout", "o", "Check out", "checkout", "one"],
  ["tag", "t", "Tag…", "tag", "one", "name"],
  ["diff", "d", "Diff", "diff", "two"],
  ["reset", "r", "Reset…", "undo", "one"],
  ["restore", "x", "Restore", "redo", "any"],
  ["merge", "shift+m", "Merge in…", "merge", "one"],
  ["rebase", "shift+b", "Rebase onto…", "branch", "one"],
  ["pick", "k", "Pick", "copy", "any"],
  ["delete", "shift+d", "Delete…", "x", "one"],
];
export const ACTIONS: readonly Action[] = TABLE.map(([name, key, label, icon, takes, asks]) => ({
  name,
  key,
  label,
  icon,
  takes,
  asks,
}));
const ASKS_FIRST = /^(reset|merge|rebase|delete)$/;
const OF_OTHERS = /^(merge|rebase|pick|delete)$/; // for commits of another line than HEAD's
const SETTLED = 90; // milliseconds that a selection stands before it is read
const THOUGHT = 140; // and before what an action would change is asked for

export interface Does {
  /** Do an action; tells whether it was done. */
  act(action: string, given: { text?: string; name?: string }): Promise<boolean>;
  /** Go to a commit. */
  go(commit: string): void;
}

export class Side {
  readonly element: HTMLElement;
  readonly #ground: Ground<DagState>;
  readonly #does: Does;
  readonly #top = h("div", "top");
  readonly #acts = h("div", { class: "acts needs-kernel", role: "toolbar", "aria-label": "Actions" });
  readonly #foresight = h("div", "foresight needs-kernel");
  #commits: readonly string[] = [];
  #tokens = 0;
  #detail: Detail | null = null;
  #hot = "skip";
  #form: HTMLElement | null = null;
  #given: { text?: string; name?: string } = {}; // what is typed into it
  #settling: ReturnType<typeof setTimeout> | undefined;
  #thinking: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(ground: Ground<DagState>, does: Does) {
    this.#ground = ground;
    this.#does = does;
    this.element = h(
      "aside",
      { class: "side", "aria-label": "Selected commit" },
      this.#top,
      this.#acts,
      this.#foresight,
    );
    // what is read here scrolls by its own keys
    this.#top.addEventListener("keydown", (event) => {
      if (/^(Arrow|Page|Home|End)/.test(event.key)) event.stopPropagation();
    });
    ground.onEscape(() => this.leave());
  }

  /** Show commits; `tokens` is what they have together. */
  show(commits: readonly string[], tokens: number, anew = false): void {
    const same = commits.join() === this.#commits.join();
    this.#commits = commits;
    this.#tokens = tokens;
    if (same && !anew) return;
    if (!same) {
      this.leave();
      this.#foresight.replaceChildren(); // it was about another commit
    }
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#read(), this.#detail ? SETTLED : 0);
  }

  /** Do an action on what is shown, or open what it asks for. */
  async run(name: string): Promise<void> {
    const action = ACTIONS.find((one) => one.name === name);
    if (!action || this.#refused(action)) return;
    this.#heat(name);
    if (action.asks) return this.#ask(action);
    if (name === "diff") return this.#compare();
    if (ASKS_FIRST.test(name) && !(await this.#sure(name))) return;
    await this.#does.act(name, {});
  }

  /** Close what is asked for; tells whether anything was. */
  leave(): boolean {
    const form = this.#form;
    this.#form = null;
    this.#given = {};
    if (!form) return false;
    form.remove();
    this.element.classList.remove("is-asking");
    this.#foresee(this.#hot);
    return true;
  }

  // -- reading ------------------------------------------------------------------------------------

  async #read(): Promise<void> {
    const asked = ++this.#asked;
    const [commit] = this.#commits;
    if (commit === undefined) {
      this.#detail = null;
      this.#top.replaceChildren(h("p", "empty dim", "Nothing is selected."));
      this.#offer();
      return;
    }
    if (this.#commits.length > 1) {
      this.#detail = null;
      this.#several();
      this.#offer();
      return;
    }
    const detail = await this.#ground.maybe<Detail>("detail", { commit });
    if (!detail || asked !== this.#asked) return;
    this.#detail = detail;
    this.#draw(detail);
    this.#offer();
  }

  #several(): void {
    const listed = this.#commits.slice(0, 200).map((commit) => this.#link(commit, commit.slice(0, 8)));
    this.#top.replaceChildren(
      h(
        "div",
        "head",
        h("div", "title", h("b", null, `${exact(this.#commits.length)} commits`), span("space")),
        this.#tokens
          ? h("div", "size", span("", h("b", null, exact(this.#tokens)), " tokens together"))
          : null,
      ),
      h("div", "links mono", listed),
    );
  }

  #draw(detail: Detail): void {
    const copy = h(
      "button",
      {
        class: "icon-button small",
        "aria-label": "Copy the hash",
        title: `${detail.hash} (y)`,
        onclick: () => this.copy(),
      },
      icon("copy"),
    );
    const share =
      detail.share === null
        ? detail.standing
        : `${detail.share < 0.05 ? "under 0.1 %" : percent(detail.share / 100)} of context`;
    this.#top.replaceChildren(
      h(
        "div",
        "head",
        h(
          "div",
          "title",
          h(
            "span",
            { class: "who", style: paint(roleOf(detail)) },
            `${detail.direction} ${detail.title}`.trim(),
          ),
          span("space"),
          span("mono dim", detail.commit.slice(0, 8)),
          copy,
        ),
        h(
          "div",
          "size",
          span("", h("b", null, exact(detail.tokens)), " tokens"),
          span(
            "share",
            h("i", {
              class: detail.share === null ? "ghost" : "fill",
              style: `${paint(roleOf(detail)) ?? ""};width:${detail.share === null ? 0 : Math.max(1, detail.share)}%`,
            }),
          ),
          h("span", { class: detail.share === null ? "standing" : "" }, share),
        ),
      ),
      this.#content(detail),
      this.#facts(detail),
    );
  }

  #content(detail: Detail): HTMLElement {
    const isEdit = detail.kind === "edit" && detail.changes.length > 0;
    const shown = isEdit
      ? this.#pieces(detail)
      : detail.html === null
        ? h("pre", null, readable(detail))
        : markdown(detail.html);
    const box = h(
      "div",
      {
        class: `content-box form-${isEdit ? "prose" : detail.direction === "→" ? "call" : detail.form}`,
        tabindex: 0,
        role: "group",
        "aria-label": "Text",
      },
      shown,
    );
    const foot = h("div", "foot", span("", `${exact(detail.characters)} characters`), span("space"));
    const outer = h("div", "content-frame", box, foot);
    if (detail.characters > detail.text.length && !isEdit) {
      let have = detail.text.length;
      const more = h("button", "link", "show all");
      more.addEventListener("click", async () => {
        while (have < detail.characters && shown.isConnected) {
          const part = await this.#ground.maybe<string>("text", { commit: detail.commit, start: have });
          if (!part) break;
          shown.append(part);
          have += part.length;
        }
        more.remove();
      });
      foot.append(more);
    }
    return outer;
  }

  #pieces(detail: Detail): HTMLElement {
    const pieces = detail.changes[0]?.[2] ?? [];
    return h(
      "pre",
      null,
      pieces.map((piece) => {
        const [kind, text] = [piece[0], piece[1]];
        return kind === "out" ? h("del", null, text) : kind === "in" ? h("ins", null, text) : span("", text);
      }),
    );
  }

  #facts(detail: Detail): HTMLElement {
    const rows = detail.facts.map((fact) => this.#fact(fact));
    if (detail.kind !== "edit") {
      for (const [commit, time] of detail.changes) {
        rows.push([
          h("dt", null, "edited"),
          h("dd", null, this.#link(commit, commit.slice(0, 8)), `, ${hour(time)}`),
        ]);
      }
    }
    return h(
      "div",
      { class: "facts", tabindex: 0, role: "group", "aria-label": "About it" },
      h("dl", null, rows.flat()),
    );
  }

  #fact(fact: Fact): HTMLElement[] {
    const [name, text, links] = [fact[0], fact[1], fact[2]];
    return [
      h("dt", null, name),
      h(
        "dd",
        { title: text || null },
        links.flatMap(([commit, word], at) => [
          at ? ", " : "",
          this.#link(commit, commit.slice(0, 8)),
          name === "marked" ? " " : ` ${word}`,
        ]),
        text,
      ),
    ];
  }

  #link(commit: string, text: string): HTMLElement {
    return h("button", { class: "link mono", onclick: () => this.#does.go(commit) }, text);
  }

  /** Put the hash, or the hashes, on the clipboard. */
  copy(): void {
    const hashes = this.#commits.length === 1 && this.#detail ? [this.#detail.hash] : this.#commits;
    if (!hashes.length) return;
    void copyText(hashes.join("\n"), this.element);
    const said = hashes.length === 1 ? `hash ${hashes[0]?.slice(0, 8)}` : `${exact(hashes.length)} hashes`;
    this.#ground.say(`Copied ${said}.`);
  }

  // -- actions ------------------------------------------------------------------------------------

  /** Why an action cannot be done to what is shown; empty where it can. */
  #refused(action: Action): string {
    const count = this.#commits.length;
    if (!this.#ground.alive && action.name !== "diff") return "not live";
    if (!count) return "nothing is selected";
    if (action.takes === "one" && count !== 1) return "takes one commit";
    if (action.takes === "two" && count > 2) return "takes two commits";
    if (action.name === "restore" && this.#detail && this.#detail.kind !== "summary")
      return "takes a summary";
    return "";
  }

  #offer(): void {
    const detail = this.#detail;
    const offered = ACTIONS.filter(({ name }) =>
      name === "restore"
        ? detail?.kind === "summary"
        : !OF_OTHERS.test(name) || (detail ? detail.away : name === "pick"),
    );
    this.#acts.replaceChildren(
      ...offered.map((action) => {
        const refused = this.#refused(action);
        const button = h(
          "button",
          {
            class: action.name === this.#hot ? "is-hot" : "",
            "data-action": action.name,
            "aria-keyshortcuts": action.key,
            "aria-disabled": refused ? "true" : null,
            title: refused || null,
            onclick: () => void this.run(action.name),
          },
          icon(action.icon),
          span("", action.label),
          h("kbd", { "aria-hidden": "true" }, cap(action.key)),
        );
        button.addEventListener("mouseenter", () => this.#heat(action.name));
        button.addEventListener("focus", () => this.#heat(action.name));
        return button;
      }),
    );
    this.#foresee(this.#hot);
  }

  /** Point at an action: what it would change is shown. */
  #heat(name: string): void {
    if (this.#hot === name) return;
    this.#hot = name;
    for (const button of this.#acts.children) {
      button.classList.toggle("is-hot", (button as HTMLElement).dataset.action === name);
    }
    this.#foresee(name);
  }

  #foresee(name: string): void {
    clearTimeout(this.#thinking);
    const action = ACTIONS.find((one) => one.name === name);
    const refused = action && this.#refused(action);
    if (!action || !this.#ground.alive) this.#foresight.replaceChildren();
    else if (refused) this.#says({ refused: `${action.label.replace("…", "")}: ${refused}.` });
    else if (name === "edit" && this.#given.text === undefined)
      this.#says({ says: "Writes an EDIT; what came after it stays where it is." });
    else this.#think(name);
  }

  /** Ask what an action would change, once it has been pointed at for a moment. */
  #think(name: string): void {
    const asked = this.#asked;
    this.#thinking = setTimeout(async () => {
      const about = { action: name, commits: this.#commits, ...this.#given };
      const found = await this.#ground.maybe<Foresight>("foresee", about);
      if (found && asked === this.#asked && name === this.#hot) this.#says(found);
    }, THOUGHT);
  }

  #says(found: Foresight): void {
    this.#foresight.replaceChildren(
      ...(found.code ? [code(found.code)] : []),
      h("p", null, ...sentence(found, this.#ground.state().most)),
    );
  }

  async #sure(action: string): Promise<boolean> {
    const about = { action, commits: this.#commits };
    const found = await this.#ground.maybe<Foresight>("foresee", about);
    if (!found) return false;
    if (found.refused) {
      this.#ground.showFault({ message: found.refused, hint: found.hint ?? "" });
      return false;
    }
    return this.#ground.ask({
      title: found.asks ?? "",
      body: found.says ?? "",
      code: found.code ?? "",
      action: (found.asks ?? "").split(/ to | into | onto |\?/)[0] ?? "",
    });
  }

  async #compare(): Promise<void> {
    const found = await this.#ground.maybe<{ title: string; changes: Change[] }>("diff", {
      commits: this.#commits,
    });
    const action = ACTIONS.find((one) => one.name === "diff");
    if (found && action) this.#ask(action, this.#changes(found));
  }

  #changes({ title, changes }: { title: string; changes: Change[] }): HTMLElement {
    return h(
      "div",
      { class: "changes", tabindex: 0, role: "group", "aria-label": "What differs" },
      h("b", "mono", title),
      changes.length ? null : h("p", "dim", "A model is sent the same at both."),
      changes.map((one) =>
        h(
          "p",
          null,
          span("change", one.change),
          " ",
          this.#link(one.commit, one.commit.slice(0, 8)),
          span("dim", ` ${one.who}, ${one.tokens > 0 ? "+" : ""}${exact(one.tokens)}`),
          h("br"),
          one.before && one.before !== one.after ? h("del", null, one.before) : null,
          " ",
          one.after ? h("ins", null, one.after) : null,
        ),
      ),
    );
  }

  /** Ask for a name or a text in the pane itself, or show a result there; Esc leaves it. */
  async #ask(action: Action, shown?: HTMLElement): Promise<void> {
    this.leave();
    const close = h("button", { class: "button", onclick: () => this.#back() }, shown ? "Close" : "Leave it");
    const field =
      action.asks === "text" ? await this.#editor() : action.asks === "name" ? this.#name(action) : null;
    if (action.asks && !field) return;
    const given = () =>
      action.asks === "text" ? { text: field?.value ?? "" } : { name: field?.value.trim() ?? "" };
    const go = async () => {
      if (action.asks === "name" && !given().name) return;
      if (await this.#does.act(action.name, given())) this.#back();
    };
    const label = action.label.replace("…", "");
    const form = h(
      "div",
      { class: `form ${action.asks ?? "result"}`, role: "group", "aria-label": label },
      shown ?? field,
      h(
        "div",
        "choices",
        action.asks === "text" ? span("dim", h("kbd", null, "⇧↵"), " saves") : null,
        span("space"),
        close,
        action.asks
          ? h(
              "button",
              { class: "button primary", onclick: () => void go() },
              action.asks === "text" ? "Save the edit" : `Make the ${label.toLowerCase()}`,
            )
          : null,
      ),
    );
    field?.addEventListener("input", () => {
      this.#given = given();
      this.#foresee(action.name);
    });
    field?.addEventListener("keydown", (event) => {
      const key = event as KeyboardEvent;
      if (key.key === "Enter" && (action.asks === "name" || key.shiftKey || key.ctrlKey || key.metaKey)) {
        key.preventDefault();
        void go();
      }
    });
    this.#form = form;
    this.element.classList.add("is-asking");
    this.#acts.before(form);
    if (field) {
      field.focus();
      this.#given = given();
      this.#foresee(action.name);
    } else (shown ?? close).focus();
  }

  #back(): void {
    this.leave();
    this.#does.go("");
  }

  #name(action: Action): HTMLInputElement {
    return h("input", {
      type: "text",
      class: "field",
      "aria-label": `Name of the ${action.name}`,
      placeholder: `name of the ${action.name}`,
      spellcheck: "false",
    });
  }

  /** An editor with the whole text of the unit. */
  async #editor(): Promise<HTMLTextAreaElement | null> {
    const detail = this.#detail;
    if (!detail) return null;
    let text = detail.text;
    while (text.length < detail.characters) {
      const part = await this.#ground.maybe<string>("text", { commit: detail.commit, start: text.length });
      if (!part) break;
      text += part;
    }
    const field = h("textarea", {
      class: "field mono",
      "aria-label": "Text of the unit",
      spellcheck: "false",
    });
    field.value = text;
    return field;
  }
}

/** The text of a call as its arguments, one after the other; any other text as it is. */
export function readable({ direction, text, characters }: Detail): string {
  if (direction !== "→" || text.length < characters) return text;
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given !== "object" || given === null || Array.isArray(given)) return text;
    const said = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
    return Object.entries(given)
      .map(([name, value]) => `${name}: ${said(value)}`)
      .join("\n");
  } catch {
    return text; // a model wrote what is no JSON
  }
}

/** What an action would change, in words: tokens first, then prices, then what it means. */
export function sentence(found: Foresight, most: number | null): (Node | string)[] {
  const said: (Node | string)[] = [];
  const { before, after } = found;
  if (found.refused && !found.code)
    return [span("refused", found.refused, found.hint ? ` ${found.hint}` : "")];
  if (before !== undefined && after !== undefined && before !== after) {
    const delta = after - before;
    said.push(
      h("b", null, `${delta > 0 ? "+" : ""}${exact(delta)} tokens`),
      `: ${short(after)}${most ? ` of ${round(most)}` : ""}. `,
    );
  }
  if (found.next !== undefined && found.next !== null && before !== after) {
    said.push("Next call ", h("b", null, money(found.next)));
    if (found.later !== undefined && found.later !== null)
      said.push(", then ", h("b", null, money(found.later)));
    if (found.now !== undefined && found.now !== null) said.push(` (now ${money(found.now)})`);
    said.push(". ");
  }
  if (found.over) said.push(span("bad", `${exact(found.over)} tokens over the budget. `));
  if (found.says) said.push(found.says);
  if (found.refused) said.push(" ", span("refused", found.refused));
  return said;
}

/** Prose that Python has rendered and cleaned (tract_nb/notebook/html.py): the one place where markup is taken. */
function markdown(cleaned: string): HTMLElement {
  const parsed = new DOMParser().parseFromString(cleaned, "text/html"); // runs nothing, fetches nothing
  return h("div", "rendered", [...parsed.body.childNodes]);
}
