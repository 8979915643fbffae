// What takes the room: the largest units with boxes to tick, tools and files with what masking would save.
import { exact } from "../base/format";
import { h, put, span } from "../base/h";
import { type Advice, type Adviser, drawAdvice } from "./advice";
import { cutPath, type Group, type Taker, type Takers, weights } from "./takers";

export interface Chooser extends Adviser {
  /** Tick or untick units. */
  choose(commits: readonly string[], on: boolean): void;
  /** Advice is wanted: somebody looks at it. */
  advise(): void;
}

const FEW = 4; // names used later, below which a unit is hardly missed
const GROUPS = 4; // tools and files of the table; the rest scrolls

export class Tables {
  readonly element = h("div", "tables");
  readonly #units = h("div", "units");
  readonly #groups = h("div", "groups");
  readonly #chooser: Chooser;
  #takers: Takers | null = null;
  #advice: Advice | null = null;
  #advises = false; // whether the advice is shown in place of the largest
  #chosen: ReadonlySet<string> = new Set();
  #current = "";

  constructor(chooser: Chooser) {
    this.#chooser = chooser;
    this.element.append(this.#units, this.#groups);
  }

  /** The units that are listed, in order. */
  get listed(): readonly { commit: string }[] {
    const advised = this.#advice?.reasons.flatMap(({ rows }) => rows);
    return (this.#advises && advised?.length ? advised : this.#takers?.units) ?? [];
  }

  get advises(): boolean {
    return this.#advises;
  }

  /** Whether there are old outputs that masking would shorten. */
  get canMask(): boolean {
    return (this.#takers?.old.saved ?? 0) > 0;
  }

  renew(takers: Takers): void {
    this.#takers = takers;
    // of what was sent before; while it is looked at it stands until the next comes
    if (!this.#advises) this.#advice = null;
    this.#draw();
  }

  advise(advice: Advice): void {
    this.#advice = advice;
    this.#draw();
  }

  /** Show the advice, or the largest units again. */
  turn(advises = !this.#advises): void {
    if (!this.#takers || advises === this.#advises) return;
    this.#advises = advises;
    this.#draw();
    if (advises && !this.#advice) this.#chooser.advise();
  }

  mark(chosen: ReadonlySet<string>, current: string): void {
    this.#chosen = chosen;
    this.#current = current;
    for (const row of this.#units.querySelectorAll<HTMLElement>(".row")) {
      const commit = row.dataset.commit ?? "";
      row.classList.toggle("is-chosen", chosen.has(commit));
      row.classList.toggle("is-current", commit === current);
      const box = row.querySelector("input");
      if (box) box.checked = chosen.has(commit);
    }
    for (const row of this.#groups.querySelectorAll<HTMLElement>(".row")) {
      const group = this.#groupOf(row.dataset.group ?? "");
      const on = group?.commits.every((commit) => chosen.has(commit)) ?? false;
      row.classList.toggle("is-chosen", on);
      row.setAttribute("aria-pressed", String(on));
    }
  }

  /** Keep the focus where it was when rows are drawn anew. */
  #draw(): void {
    const takers = this.#takers;
    if (!takers) return;
    const held = this.element.querySelector<HTMLElement>(":focus");
    const { commit, way } = { ...held?.dataset, ...held?.closest<HTMLElement>(".row")?.dataset };
    this.#chooser.point(null); // nobody leaves a row that is gone
    this.#units.classList.toggle("advises", this.#advises);
    put(this.#units, this.#advises ? this.#advised() : this.#largest(takers.units));
    const tools = takers.old.saved ? [takers.old, ...takers.tools] : takers.tools;
    put(
      this.#groups,
      this.#section("Tools", "calls", tools, false),
      this.#section("Files", "times", takers.files, true),
    );
    this.mark(this.#chosen, this.#current);
    if (!held || held.isConnected) return;
    const again = this.#units.querySelector<HTMLElement>(
      commit ? `[data-commit="${CSS.escape(commit)}"] input` : `[data-way="${way}"]`,
    );
    // what was pressed may be gone: the keys stay here
    (again ?? this.#units.querySelector<HTMLElement>("[aria-pressed=true]"))?.focus({ preventScroll: true });
  }

  /** The choice between the two lists, in the place of a title. */
  #titles(): HTMLElement {
    const title = (words: string, advises: boolean) =>
      h("button", { "aria-pressed": advises === this.#advises, onclick: () => this.turn(advises) }, words);
    return span("titles", title("Largest units", false), title("Advice", true));
  }

  #largest(units: readonly Taker[]): HTMLElement[] {
    const most = units[0]?.tokens ?? 1;
    return [
      h(
        "div",
        "heads",
        this.#titles(),
        h("span", { class: "number optional", title: "names that are said again later" }, "used later"),
        span("number", "tokens"),
        span("optional"),
        h("span", { class: "number optional", title: "what a line in its place would save" }, "if masked"),
      ),
      ...units.map((unit) =>
        this.#unit(
          unit,
          most,
          h(
            "span",
            {
              class: `number optional ${unit.used < FEW ? "few" : "dim"}`,
              title: `${unit.used} of its ${unit.names} names are said again later by the user or the model`,
            },
            unit.used ? String(unit.used) : "none",
          ),
        ),
      ),
    ];
  }

  #advised(): HTMLElement[] {
    return [
      h(
        "div",
        "heads way",
        this.#titles(),
        span("number", "units"),
        span("number", "tokens"),
        span("number", "next call"),
        span("number optional", "then"),
        span("number optional", "making it"),
        span("number", "pays after"),
      ),
      ...(this.#advice
        ? drawAdvice(this.#advice, this.#chooser, (unit, most, about, fits) =>
            this.#unit(unit, most, about, fits),
          )
        : [h("p", "note", "Working it out.")]),
    ];
  }

  #unit(unit: Taker, most: number, about: HTMLElement, fits = 30): HTMLElement {
    const isCall = /^[→←]/.test(unit.who);
    const box: HTMLInputElement = h("input", {
      type: "checkbox",
      "aria-label": `${unit.who} ${unit.preview}, ${exact(unit.tokens)} tokens`,
      onchange: () => this.#chooser.choose([unit.commit], box.checked),
      onfocus: () => {
        if (box.matches(":focus-visible")) this.#chooser.go(unit.commit);
      },
    });
    return h(
      "label",
      {
        class: "row",
        "data-commit": unit.commit,
        onpointerenter: () => this.#chooser.hover(unit.commit),
        onpointerleave: () => this.#chooser.hover(null),
      },
      box,
      h(
        "span",
        { class: isCall ? "who is-light" : "who", "data-role": unit.role, title: unit.who },
        unit.who,
      ),
      h("span", { class: isCall ? "text mono" : "text", title: unit.preview }, cutPath(unit.preview, fits)),
      about,
      ...weights(unit, most, 40, unit.role, "optional"),
    );
  }

  #section(title: string, times: string, groups: readonly Group[], isPath: boolean): HTMLElement[] {
    if (!groups.length) return [];
    const most = Math.max(...groups.map((group) => group.tokens));
    return [
      h(
        "div",
        "heads",
        h("b", null, title),
        span("number", times),
        span("number", "tokens"),
        span(""),
        span("number", "if masked"),
      ),
      ...groups.slice(0, isPath ? 2 * GROUPS : GROUPS + 1).map((group) => this.#group(group, most, isPath)),
    ];
  }

  #group(group: Group, most: number, isPath: boolean): HTMLElement {
    const key = `${isPath ? "file" : "tool"} ${group.name}`;
    return h(
      "button",
      {
        class: "row",
        "data-group": key,
        "aria-pressed": false,
        title: `${group.name}: select all of it`,
        onclick: () => {
          const all = group.commits.every((commit) => this.#chosen.has(commit));
          this.#chooser.choose(group.commits, !all);
        },
      },
      h(
        isPath || group === this.#takers?.old ? "span" : "b",
        isPath ? "text mono" : "text",
        isPath ? cutPath(group.shown, 18) : group.shown,
      ),
      span("number dim", exact(group.calls)),
      ...weights(group, most, 44, "tool"),
    );
  }

  #groupOf(key: string): Group | undefined {
    const { files = [], tools = [], old } = this.#takers ?? {};
    const found = key.startsWith("file ") ? files : old ? [old, ...tools] : tools;
    return found.find((group) => key.slice(5) === group.name);
  }
}
