// The readout: what the unit under the pointer, or under the cursor, is.
import { counted, exact, moment, money, percent } from "../base/format";
import { bold, h, put, span } from "../base/h";
import { icon } from "../base/icons";
import { kbd } from "../base/parts";
import { type Layout, ROLES, type Spot } from "./model";

/** What Python says of one unit. */
export interface Described {
  commit: string;
  role: string;
  who: string;
  state: string;
  priority: string;
  tokens: number;
  time_us: number;
  status: string;
  edited: boolean;
  covers: number;
  price: number | null;
  cached: boolean;
  line: string;
  text: string;
  start: number;
  length: number;
  /** The commit that its text is of. */
  wording: string;
}

const PRIORITY = ["skip", "", "important", "pinned"];
const SHAPE = ["skip", "skip", "flag", "pin"] as const;

export class Card {
  readonly element = h("div", "card");

  /** Show a spot; what only Python knows comes a moment later. */
  show(layout: Layout, spot: Spot | null, known: Described | undefined, nose: number): void {
    this.element.style.setProperty("--nose", `${Math.round(nose - 13)}px`);
    const [first, about, isCode] = spot ? facts(layout, spot, known) : [["Nothing is sent."]];
    put(
      this.element,
      h("div", null, h("div", "facts", first), h("div", isCode ? "about mono" : "about", about)),
      h(
        "div",
        { class: "hints needs-kernel", "aria-hidden": "true" },
        span("", kbd(" "), "select"),
        span("", kbd("Enter"), "read"),
      ),
    );
  }
}

type Part = Node | string | null | false;

/** What stands in the first line and in the second, and whether that is code. */
type Facts = [first: Part[], about?: string | undefined, isCode?: boolean];

function facts(layout: Layout, spot: Spot, known?: Described): Facts {
  const { state } = layout;
  const share = (tokens: number) => (state.tokens ? percent(tokens / state.tokens) : "");
  if (spot.kind === "unrecorded") {
    return [
      [
        span("who", "system prompt and tools"),
        weight(state.unrecorded, share(state.unrecorded)),
        span("dim", "not recorded"),
      ],
      "What the provider counted and no unit explains: known from the usage of its replies only.",
    ];
  }
  if (spot.kind === "ghost") {
    const ghost = layout.ghost(spot.place);
    if (!ghost) return [[]];
    const [, why, units, tokens, commit, who] = ghost;
    const covered = why === "covered";
    return [
      [
        h(
          "span",
          { class: "who", "data-role": covered ? null : known?.role },
          covered ? counted(units, "unit") : who,
        ),
        weight(tokens, covered ? "covered by a summary" : "skipped"),
        span("mono dim", commit.slice(0, 8)),
        span("dim", "not sent"),
      ],
      known && (covered ? `summary: ${known.line}` : known.line),
      !covered && isCode(known),
    ];
  }
  const role = ROLES[layout.role(spot.place)] ?? "assistant";
  const who = layout.who(spot.place);
  const size = layout.size(spot.place);
  const mark = layout.mark(spot.place);
  const cached = layout.cached(spot.place);
  const price = known?.price === undefined || known.price === null ? null : tiny(known.price);
  return [
    [
      h("span", { class: "who", "data-role": role }, who.startsWith("←") ? `${who} result` : who),
      weight(size, share(size)),
      mark === 1 ? null : span("badge", icon(SHAPE[mark] ?? "flag"), PRIORITY[mark] ?? ""),
      layout.masked(spot.place)
        ? span("badge", icon("mask"), "masked")
        : layout.edited(spot.place) && span("badge", icon("edit"), "edited"),
      known?.covers ? span("dim", `stands for ${counted(known.covers, "commit")}`) : null,
      known && known.status !== "" && known.status !== "success" ? span("bad", `✕ ${known.status}`) : null,
      known ? span("mono dim", known.commit.slice(0, 8)) : null,
      known ? span("dim", moment(known.time_us).slice(0, 16)) : null,
      span("dim", sentAs(state.called !== null, cached), price ? bold(` ${price}`) : null),
    ],
    known?.line,
    isCode(known),
  ];
}

/** A price that rounds to nothing is not nothing. */
function tiny(dollars: number): string {
  return dollars > 0 && dollars < 0.0005 ? "under $0.001" : money(dollars);
}

/** What a screen reader says of a spot. */
export function spoken(layout: Layout, spot: Spot | null, known?: Described): string {
  if (!spot) return "nothing is sent";
  if (spot.kind === "unrecorded")
    return `system prompt and tools, ${exact(layout.state.unrecorded)} tokens, not recorded`;
  if (spot.kind === "ghost") {
    const ghost = layout.ghost(spot.place);
    if (!ghost) return "";
    const what =
      ghost[1] === "covered" ? `${counted(ghost[2], "unit")} covered by a summary` : `${ghost[5]}, skipped`;
    return `${what}, ${exact(ghost[3])} tokens, not sent. ${known?.line ?? ""}`;
  }
  const { place } = spot;
  const mark = PRIORITY[layout.mark(place)];
  const parts = [
    `${layout.who(place).replace("→", "call of").replace("←", "result of")}`,
    `${exact(layout.size(place))} tokens`,
    `${place + 1} of ${exact(layout.count)}`,
    ...(mark ? [mark] : []),
    ...(layout.cached(place) ? ["cached"] : []),
  ];
  return `${parts.join(", ")}. ${known?.line ?? ""}`;
}

function weight(tokens: number, more: string): HTMLElement {
  return span("", bold(exact(tokens)), ` tokens${more ? `, ${more}` : ""}`);
}

function sentAs(called: boolean, cached: boolean): string {
  if (!called) return "sent:";
  return cached ? "cached:" : "written anew:";
}

function isCode(known?: Described): boolean {
  return known?.role === "tool" || (known?.who.startsWith("→") ?? false);
}

/** What a unit is called on a button. */
export function titled(layout: Layout, spot: Spot | null): string {
  if (spot?.kind === "unit") return layout.who(spot.place);
  const ghost = spot?.kind === "ghost" ? layout.ghost(spot.place) : undefined;
  return ghost ? (ghost[1] === "covered" ? "the summary" : ghost[5]) : "";
}
