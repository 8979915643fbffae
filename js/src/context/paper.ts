// What is drawn of a strip at one width and zoom.
import { counted, round, short } from "../base/format";
import { svg } from "../base/h";
import { type Ghost, type Hanging, hang, type Layout, ROLES, type Spot } from "./model";
import { box, line, words } from "./shapes";

export const EDGE = 12; // pixels left and right
export const TOP = 22;
const HIGH = 50;
const FOOT = TOP + HIGH;
export const HANG = FOOT + 10;
const ALONE = 3.5; // pixels from which a unit stands alone
const RUN = 9; // pixels of a block of smaller ones
const FONT = "10.5px ";
const ruler = document.createElement("canvas").getContext("2d");

export class Paper {
  /** What left, where it is drawn. */
  readonly hangings: readonly Hanging[];
  readonly scale: number;

  readonly #layout: Layout;
  readonly #from: number;
  readonly #to: number;
  readonly #width: number;
  readonly #only: string | null;
  readonly #font: string;

  constructor(layout: Layout, from: number, to: number, width: number, only: string | null, font: string) {
    this.#layout = layout;
    this.#from = from;
    this.#to = to;
    this.#width = width;
    this.#only = only;
    this.#font = font;
    this.scale = (width - 2 * EDGE) / (to - from);
    const x = (tokens: number) => this.x(tokens);
    this.hangings = hang(layout, x, this.scale, [EDGE, width - EDGE], (ghosts) => this.#labelOf(ghosts));
  }

  x(tokens: number): number {
    return EDGE + (tokens - this.#from) * this.scale;
  }

  /** All but what moves. */
  base(): SVGElement[] {
    const { state, used: end } = this.#layout;
    const width = this.#width;
    const used = this.x(end);
    const room = state.max_tokens && state.max_tokens > end ? this.x(state.max_tokens) : null;
    return [
      svg(
        "svg",
        { x: EDGE, y: 0, width: width - 2 * EDGE, height: 104, viewBox: `${EDGE} 0 ${width - 2 * EDGE} 104` },
        room !== null && room > used + 1 && box("free", used, TOP, room - used, HIGH),
        this.#unrecorded(),
        this.#blocks(),
        state.cached > 0 && this.#hatch(0, state.cached),
        this.#turns(),
      ),
      ...this.#labels(),
      ...this.#brackets(),
      ...this.hangings.map((hanging) => this.#hung(hanging)),
      ...this.#budget(),
      ...this.#overview(),
    ];
  }

  /** A line above what is selected. */
  chosen(place: number): SVGElement | null {
    const x = this.x(this.#layout.at(place));
    const width = Math.max(2, this.#layout.size(place) * this.scale - 1);
    if (x + width < EDGE || x > this.#width - EDGE) return null;
    return box("chosen", x, TOP - 4, width, 3);
  }

  /** A frame around a spot. */
  frame(spot: Spot, name: string): SVGElement | null {
    const hanging = this.hangingOf(spot);
    if (hanging) {
      const { left, width } = hanging;
      return box(name, left - 1.5, HANG - 1.5, width + 3, 16, 1);
    }
    if (spot.kind === "ghost") return null;
    const [at, size] = this.#layout.span(spot);
    const left = Math.max(this.x(at), EDGE - 4);
    const right = Math.min(this.x(at + size), this.#width - EDGE + 4);
    if (right < EDGE || left > this.#width - EDGE) return null;
    const width = Math.max(2, right - left) + 2.5;
    return box(name, left - 1.5, TOP - 2, width, HIGH + 4, 1);
  }

  /** How long the strip would be after the action that is offered. */
  goal([by, text]: readonly [number, string]): (SVGElement | false)[] {
    const x = this.x(this.#layout.used + by);
    if (x < EDGE - 1 || x > this.#width - EDGE + 1) return [];
    const wide = this.#wide(text, "600 ") + 8;
    const budget = this.x(this.#layout.state.max_tokens ?? -1);
    const free = (from: number, to: number) =>
      (budget < from || budget > to) &&
      from > EDGE &&
      to < this.#width - EDGE &&
      this.hangings.every((box) => box.left > to || box.left + box.width < from);
    const right = free(x + 4, x + wide);
    const left = !right && free(x - wide, x - 4);
    return [
      line("goal-line", `M${x} ${FOOT + 6}V${HANG + 13}`),
      line("goal", `M${x} ${FOOT + 1}l4 6h-8z`),
      (right || left) && words("goal strong", right ? x + 6 : x - 6, HANG + 10, text, right ? null : "end"),
    ];
  }

  hangingOf(spot: Spot): Hanging | undefined {
    if (spot.kind !== "ghost") return undefined;
    return this.hangings.find(({ first, last }) => first <= spot.place && spot.place <= last);
  }

  #bar(from: number, to: number, y: number, height: number, fill: string, gap: number): SVGRectElement {
    const x = this.x(from);
    const width = Math.max(0.6, this.x(to) - x - gap);
    return box(fill, x, y, width, height);
  }

  #unrecorded(): SVGElement[] {
    const { unrecorded } = this.#layout.state;
    return unrecorded > 0 ? [this.#bar(0, unrecorded, TOP, HIGH, "unrecorded", 1)] : [];
  }

  #blocks(): SVGElement[] {
    const wide = ALONE / this.scale;
    const drawn: SVGElement[] = [];
    for (const block of this.#layout.blocks(this.#from, this.#to, wide, RUN / this.scale)) {
      const size = block.to - block.from;
      const gap = size * this.scale > 4 ? 1 : 0.4;
      let foot: number = FOOT;
      for (const [role, tokens] of block.parts) {
        const height = (HIGH * tokens) / size;
        foot -= height;
        const fill = this.#only !== null && this.#only !== role ? "fill faint" : "fill";
        const seam = block.parts.length > 1 && foot > TOP + 0.5 ? 0.6 : 0;
        const bar = this.#bar(block.from, block.to, foot + seam, Math.max(0.3, height - seam), fill, gap);
        bar.dataset.role = ROLES[role];
        drawn.push(bar);
      }
    }
    return drawn;
  }

  #hatch(from: number, to: number): SVGElement {
    const drawn = this.#bar(from, Math.min(to, this.#layout.used), TOP, HIGH, "hatch", 1);
    drawn.setAttribute("fill", "url(#hatched)");
    return drawn;
  }

  /** Who and how much, in what is wide enough; at its left edge, or at that of the view. */
  #labels(): SVGElement[] {
    const drawn: SVGElement[] = [];
    const say = (from: number, to: number, first: string, second: string, name: string) => {
      const left = Math.max(this.x(from), EDGE);
      const room = Math.min(this.x(to), this.#width - EDGE) - left - 9;
      if (room < 34) return;
      const cut = (text: string, weight: string) => {
        let shown = text;
        while (shown.length > 1 && this.#wide(shown, weight) > room) shown = `${shown.slice(0, -2)}…`;
        return shown;
      };
      const said = [
        words("in strong", left + 6, TOP + 22, cut(first, "600 ")),
        words("in", left + 6, TOP + 36, cut(second, "")),
      ];
      for (const one of name ? said : []) one.dataset.role = name;
      drawn.push(...said);
    };
    const { unrecorded } = this.#layout.state;
    if (unrecorded > 0) {
      say(0, unrecorded, "system prompt and tools", `${short(unrecorded)}, known from usage only`, "");
    }
    const wide = 43 / this.scale;
    for (const block of this.#layout.blocks(this.#from, this.#to, wide, RUN / this.scale)) {
      if (block.first !== block.last || block.to - block.from < wide) continue;
      const faint = this.#only !== null && this.#only !== this.#layout.role(block.first);
      const name = faint ? "" : (ROLES[this.#layout.role(block.first)] ?? "");
      say(block.from, block.to, this.#layout.who(block.first), short(block.to - block.from), name);
    }
    return drawn;
  }

  #brackets(): SVGElement[] {
    const { state, used } = this.#layout;
    if (!state.called || used <= 0) return [];
    const cached = Math.min(state.cached, used);
    if (!cached) return this.#bracket(0, used, `nothing is cached, ${short(state.tokens)} are sent`);
    const rest = used - cached;
    const first =
      rest < used * 0.002
        ? `cached at the last call, all ${short(cached)}`
        : `cached at the last call, ${short(cached)}`;
    return [
      ...this.#bracket(0, cached, first),
      ...(rest < used * 0.002
        ? []
        : this.#bracket(
            cached,
            used,
            `written to the cache by the next call, ${short(state.tokens - cached)}`,
          )),
    ];
  }

  #bracket(from: number, to: number, text: string): SVGElement[] {
    const left = Math.max(this.x(from), EDGE);
    const right = Math.min(this.x(to), this.#width - EDGE) - 1;
    if (right - left < 2) return [];
    const y = TOP - 7;
    const ends = `${this.x(from) >= EDGE ? `M${left + 0.5} ${y + 4}V${y}` : `M${left} ${y}`}H${right}`;
    const path = `${ends}${this.x(to) <= this.#width - EDGE ? `V${y + 4}` : ""}`;
    const middle = (left + right) / 2;
    const isWide = right - left > this.#wide(text);
    return [line("bracket", path), ...(isWide ? [words(null, middle, y - 5, text, "middle")] : [])];
  }

  /** A triangle under each turn of the user. */
  #turns(): SVGElement[] {
    const { roles } = this.#layout.state;
    const drawn: SVGElement[] = [];
    let last = Number.NEGATIVE_INFINITY;
    for (let place = roles.indexOf("u"); place >= 0; place = roles.indexOf("u", place + 1)) {
      const x = this.x(this.#layout.at(place));
      if (x < EDGE - 1 || x > this.#width - EDGE || x - last < 4) continue;
      last = x;
      const turn = line("fill", `M${x} ${FOOT + 1}l3.4 5.5h-6.8z`);
      turn.dataset.role = "user";
      drawn.push(turn);
    }
    return drawn;
  }

  #hung({ at, left, width, torn, label, first }: Hanging): SVGElement {
    const ghost = this.#layout.ghost(first);
    const y = HANG;
    const right = left + width;
    const tear = "l3 3.2l-6 3.3l6 3.3l-3 3.2";
    const path =
      torn === "left"
        ? `M${right} ${y}H${left + 3}${tear}H${right}z`
        : torn === "right"
          ? `M${left} ${y}H${right - 3}l-3 3.2l6 3.3l-6 3.3l3 3.2H${left}z`
          : `M${left} ${y}H${right}v13H${left}z`;
    return svg(
      "g",
      { class: "ghost" },
      line("stem", `M${at} ${ghost?.[1] === "skipped" ? TOP - 2 : FOOT}V${y + 13}`),
      line("box", path),
      label &&
        (torn === "left"
          ? words(null, right - 6, y + 10, label, "end")
          : words(null, left + 4, y + 10, label)),
    );
  }

  #budget(): SVGElement[] {
    const most = this.#layout.state.max_tokens;
    if (!most || most < this.#from || most > this.#to) return [];
    const x = this.x(most);
    const left = x + 52 > this.#width;
    const say = (name: string, y: number, text: string) =>
      words(name, left ? x - 5 : x + 5, y, text, left ? "end" : null);
    return [
      line("budget", `M${x} ${TOP - 9}V${HANG + 13}`),
      say("over strong", TOP + 4, "budget"),
      say("over", TOP + 16, round(most)),
    ];
  }

  /** Where a nearer view is of the whole. */
  #overview(): SVGElement[] {
    if (this.#to - this.#from >= 0.999 * this.#layout.end) return [];
    const whole = this.#width - 2 * EDGE;
    const x = EDGE + (whole * this.#from) / this.#layout.end;
    const width = Math.max(8, (whole * (this.#to - this.#from)) / this.#layout.end);
    return [box("rail", EDGE, 100, whole, 3, 1.5), box("thumb", x, 100, width, 3, 1.5)];
  }

  /** What stands in a box of what left, and how wide that is. */
  #labelOf(ghosts: Ghost[]): [string, number] {
    const tokens = short(ghosts.reduce((sum, ghost) => sum + ghost[3], 0));
    const units = ghosts.reduce((sum, ghost) => sum + ghost[2], 0);
    const text = ghosts[0]?.[1] === "covered" ? `${counted(units, "unit")}, ${tokens}` : `skip ${tokens}`;
    return [text, this.#wide(text) + 10];
  }

  /** How many pixels a text of the strip is wide. */
  #wide(text: string, weight = ""): number {
    if (!ruler) return text.length * 6;
    ruler.font = `${weight}${FONT}${this.#font}`;
    return ruler.measureText(text).width;
  }
}
