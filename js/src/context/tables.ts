// What takes the room: the largest units with boxes to tick, tools and files with what masking would save.
import { exact, short } from "../base/format";
import { h, put, span } from "../base/h";

export interface Taker {
  commit: string;
  role: string;
  who: string;
  tokens: number;
  saved: number;
  used: number;
  names: number;
  preview: string;
}

export interface Group {
  name: string;
  shown: string;
  calls: number;
  tokens: number;
  saved: number;
  commits: string[];
}

export interface Takers {
  units: Taker[];
  tools: Group[];
  files: Group[];
  /** All that masking would shorten. */
  old: Group;
  keep_last: number;
}

export interface Chooser {
  /** Tick or untick units. */
  choose(commits: readonly string[], on: boolean): void;
  /** The pointer is on a unit, or left it. */
  hover(commit: string | null): void;
  /** Put the cursor on a unit. */
  go(commit: string): void;
}

const FEW = 4; // names used later, below which a unit is hardly missed
const GROUPS = 4; // tools and files of the table; the rest scrolls

export class Tables {
  readonly element = h("div", "tables");
  readonly #units = h("div", "units");
  readonly #groups = h("div", "groups");
  readonly #chooser: Chooser;
  #takers: Takers | null = null;
  #chosen: ReadonlySet<string> = new Set();
  #current = "";

  constructor(chooser: Chooser) {
    this.#chooser = chooser;
    this.element.append(this.#units, this.#groups);
  }

  get units(): readonly Taker[] {
    return this.#takers?.units ?? [];
  }

  /** Whether there are old outputs that masking would shorten. */
  get canMask(): boolean {
    return (this.#takers?.old.saved ?? 0) > 0;
  }

  renew(takers: Takers): void {
    this.#takers = takers;
    this.#draw();
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
    const held = this.element.querySelector<HTMLElement>(":focus")?.closest<HTMLElement>(".row")?.dataset;
    const most = takers.units[0]?.tokens ?? 1;
    put(
      this.#units,
      h(
        "div",
        "heads",
        span(""),
        h(
          "b",
          { style: "grid-column: 2 / 4" },
          takers.units.length < 10 ? "Largest units" : "Ten largest units",
        ),
        h(
          "span",
          { class: "number optional", title: "names that the user or the model says again later" },
          "used later",
        ),
        span("number", "tokens"),
        h("span", "optional"),
        h("span", { class: "number optional", title: "what a line in its place would save" }, "if masked"),
      ),
      takers.units.map((unit) => this.#unit(unit, most)),
    );
    const tools = takers.old.saved ? [takers.old, ...takers.tools] : takers.tools;
    put(
      this.#groups,
      this.#section("Tools", "calls", tools, false),
      this.#section("Files", "times", takers.files, true),
    );
    this.mark(this.#chosen, this.#current);
    const key = held?.commit ? `[data-commit="${CSS.escape(held.commit)}"] input` : null;
    if (key) this.#units.querySelector<HTMLElement>(key)?.focus();
  }

  #unit(unit: Taker, most: number): HTMLElement {
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
      h("span", { class: isCall ? "text mono" : "text", title: unit.preview }, cutPath(unit.preview, 30)),
      h(
        "span",
        {
          class: `number optional ${unit.used < FEW ? "few" : "dim"}`,
          title: `${unit.used} of its ${unit.names} names are said again later by the user or the model`,
        },
        unit.used ? String(unit.used) : "none",
      ),
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
        "span",
        {
          class: isPath ? "text mono" : "text",
          style: isPath || group === this.#takers?.old ? null : "font-weight: 600",
        },
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

/** What it takes, what of that stays (filled) and what masking would save (dashed), and that in figures. */
function weights(
  { tokens, saved }: { tokens: number; saved: number },
  most: number,
  width: number,
  role: string,
  name = "",
): HTMLElement[] {
  const long = (part: number) => `width: ${Math.max(1.5, (width * part) / most)}px`;
  return [
    span("number", short(tokens)),
    span(
      "weight optional",
      saved > 0 && h("i", { class: "dashed", style: long(tokens) }),
      h("i", { class: "fill", "data-role": role, style: long(tokens - saved) }),
    ),
    span(`number ${name} ${saved ? "saved" : "dimmer"}`, saved ? short(-saved) : "0"),
  ];
}

/** A path keeps its end, which tells it from others; one longer than the room in itself keeps its beginning. */
export function cutPath(text: string, fits: number): string {
  if (text.length <= fits || !text.includes("/") || text.includes(" ")) return text;
  const parts = text.split("/");
  let end = parts.pop() ?? "";
  for (
    let part = parts.pop();
    part !== undefined && end.length + part.length + 3 <= fits;
    part = parts.pop()
  ) {
    end = `${part}/${end}`;
  }
  return end.length + 2 <= fits ? `…/${end}` : end;
}
