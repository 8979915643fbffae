// What can be done with what is selected, and what it would change, before it is done.
import { counted, exact, money, short } from "../base/format";
import { code } from "../base/ground";
import { bold, h, put, span } from "../base/h";
import { type Icon, icon } from "../base/icons";
import { button, kbd } from "../base/parts";
import type { Layout, Spot } from "./model";

export type Action = "skip" | "mask" | "structural" | "pin" | "important" | "unmark" | "restore" | "mask-old";

interface Outlook {
  tokens: number;
  cached: number;
  next: number | null;
  later: number | null;
}

/** What Python foresees. */
export interface Foresight {
  action: string;
  units: number;
  sent: number;
  before: Outlook;
  after: Outlook;
  over: number;
  refused: boolean;
  why: string;
  prices: string;
  code: string;
  /** Why it cannot be done at all; then nothing else is said. */
  impossible?: string;
}

export const ACTIONS: Record<Action, { key: string; label: string; icon: Icon; after: string }> = {
  skip: { key: "s", label: "Skip", icon: "skip", after: "skipping" },
  mask: { key: "m", label: "Mask", icon: "mask", after: "masking" },
  structural: { key: "c", label: "Compress…", icon: "compress", after: "compressing" },
  pin: { key: "p", label: "Pin", icon: "pin", after: "pinning" },
  important: { key: "i", label: "Important", icon: "flag", after: "marking" },
  unmark: { key: "u", label: "Unmark", icon: "undo", after: "unmarking" },
  restore: { key: "x", label: "Expand", icon: "next", after: "restoring" },
  "mask-old": { key: "shift+m", label: "Mask old outputs", icon: "mask", after: "masking" },
};

const [NORMAL, IMPORTANT, PINNED] = [1, 2, 3]; // priorities, as the marks of a strip

/** The actions that mean something for some spots; the first is the one that is offered. */
export function offered(layout: Layout, spots: readonly Spot[]): Action[] {
  const units = spots.flatMap((spot) => (spot.kind === "unit" ? [spot.place] : []));
  const left = spots.flatMap((spot) => (spot.kind === "ghost" ? [layout.ghost(spot.place)?.[1]] : []));
  const skipped = left.includes("skipped");
  const marked = (mark: number) => units.some((place) => layout.mark(place) !== mark);
  const meant: [Action, boolean][] = [
    ["skip", units.length > 0],
    ["mask", units.some((place) => layout.maskable(place))],
    ["structural", units.length > 1],
    [
      "restore",
      left.includes("covered") || units.some((place) => layout.role(place) === "x" || layout.masked(place)),
    ],
    ["unmark", skipped],
    ["pin", skipped || marked(PINNED)],
    ["important", skipped || marked(IMPORTANT)],
    ["unmark", !skipped && marked(NORMAL)],
  ];
  return meant.filter(([, means]) => means).map(([action]) => action);
}

/** What the bar is about: the actions that mean something, the first of them offered. */
export interface Offer {
  title: string;
  actions: readonly Action[];
  none: string;
  /** Whether it is about masks alone: they are taken off, not opened. */
  masks: boolean;
}

export interface Doer {
  /** Of some units, else of those that are meant. */
  foresee(action: Action, commits?: readonly string[]): Promise<Foresight | null>;
  /** Another action is pointed at, or the pointer left; what is foreseen is shown on the strip too. */
  onShown(seen: Foresight | null, action: Action | null): void;
  run(action: Action): void;
}

export class Actions {
  readonly element = h("div", "what needs-kernel");
  readonly #go = h("div", "go");
  readonly #figures = h("div", { class: "figures", "aria-live": "polite" });
  readonly #sure = h("div", "sure");
  readonly #doer: Doer;
  #offer: Offer = { title: "", actions: [], none: "", masks: false };
  #shown: Action | null = null;
  #asked = 0;

  constructor(doer: Doer) {
    this.#doer = doer;
    this.element.append(this.#go, this.#figures, this.#sure);
  }

  /** Offer actions; where they are those of before, only what is foreseen is asked anew. */
  renew(offer: Offer): void {
    const before = this.#offer;
    this.#offer = offer;
    const same = before.title === offer.title && before.actions.join() === offer.actions.join();
    if (!same) this.#draw();
    const held = this.#shown !== null && offer.actions.includes(this.#shown) && this.#isPointed(this.#shown);
    this.show(held ? this.#shown : (offer.actions[0] ?? null));
  }

  #isPointed(action: Action): boolean {
    return this.#go.querySelector(`[data-action="${action}"]:is(:hover, :focus-visible)`) !== null;
  }

  #draw(): void {
    const focused = this.#go.querySelector<HTMLElement>(":focus")?.dataset.action;
    put(
      this.#go,
      this.#offer.actions.map((action, place) => {
        const { key, label, icon: shape } = ACTIONS[action];
        const said = this.#offer.masks && action === "restore" ? "Unmask" : label;
        const words = place === 0 ? `${said} ${this.#offer.title}` : said;
        const show = () => this.show(action);
        return button(
          { "data-action": action, "aria-keyshortcuts": key, onpointerenter: show, onfocus: show },
          () => this.#doer.run(action),
          icon(shape),
          words,
          kbd(key),
        );
      }),
    );
    if (focused) this.#go.querySelector<HTMLElement>(`[data-action="${focused}"]`)?.focus();
  }

  /** Show what an action would change: one that is offered, or one on other units. */
  async show(action: Action | null, commits?: readonly string[]): Promise<void> {
    this.#shown = commits ? null : action;
    for (const one of this.#go.querySelectorAll<HTMLElement>("button")) {
      one.classList.toggle("is-shown", one.dataset.action === this.#shown);
    }
    this.#asked += 1;
    const asked = this.#asked;
    if (action === null) {
      this.#says([], this.#offer.none);
      this.#doer.onShown(null, null);
      return;
    }
    const seen = await this.#doer.foresee(action, commits);
    if (asked !== this.#asked || !seen) return;
    this.tell(seen);
    this.#doer.onShown(seen, action);
  }

  /** Put the actions away while something else is done, or bring them back. */
  rest(rests: boolean): void {
    this.#go.hidden = rests;
    if (rests) this.#says([], "Nothing is changed yet.");
  }

  /** Say what is foreseen, and the line of Python that does it. */
  tell(seen: Foresight): void {
    const { impossible, why, prices } = seen;
    if (impossible) this.#says([], impossible);
    else this.#says(figures(seen), [why, prices].filter(Boolean).join(" "), seen.code);
  }

  #says(found: HTMLElement[], why: string, line = ""): void {
    put(this.#figures, found);
    put(this.#sure, h("span", { class: "why", title: why }, why), line && code(line));
  }
}

function figures({ action, units, before, after, over, refused }: Foresight): HTMLElement[] {
  const by = after.tokens - before.tokens;
  const write = by && short(before.tokens) === short(after.tokens) ? exact : short;
  const many = units > 1 && /mask|struct/.test(action) ? [span("", bold(counted(units, "unit")))] : [];
  const made = [...many, changed("", before.tokens, after.tokens, write, " tokens")];
  if (before.next !== null && after.next !== null) {
    made.push(changed("next call ", before.next, after.next, money));
  }
  if (before.later !== null && after.later !== null) {
    made.push(changed("then ", before.later, after.later, money));
  }
  if (over) {
    made.push(span("bad", `${refused ? "the budget refuses it: " : ""}${short(over)} over the budget`));
  }
  return made;
}

function changed(
  name: string,
  from: number,
  to: number,
  write: (figure: number) => string,
  unit = "",
): HTMLElement {
  const [was, is] = [write(from), write(to)];
  const tone = to === from ? "" : to < from ? "less" : "more";
  return was === is
    ? span("", name, bold(is), unit)
    : span("", name, span("was", `${was} → `), h("b", tone, is), unit);
}
