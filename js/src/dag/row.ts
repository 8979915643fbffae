// One row of the history: lanes, who, what, its state, its size.
import { exact, moment, short } from "../base/format";
import { type Children, h, span } from "../base/h";
import { type Icon, icon } from "../base/icons_history";
import { drawLanes, laneOf, paint } from "./lanes";
import type { Label, Row } from "./model";

const BAR = 46; // pixels of the longest bar
const MARKS: Record<string, Icon> = {
  pinned: "pin",
  skipped: "skip",
  important: "flag",
  edited: "edit",
  masked: "mask",
  restored: "undo",
};
const KINDS: Record<Label[0], Icon | null> = { head: null, branch: "branch", tag: "tag", agent: "agent" };

/** 16:44, local time. */
export function hour(seconds: number): string {
  return moment(seconds * 1e6).slice(11, 16);
}

/** What a screen reader says of a row. */
export function spoken(row: Row): string {
  const said = [
    row.direction === "→" ? `call of ${row.who}` : row.direction === "←" ? `result of ${row.who}` : row.who,
    ...(row.labels ?? []).map(([kind, name]) => (kind === "head" ? "HEAD" : `${kind} ${name}`)),
    row.failed ? "failed" : "",
    row.kind === "edit" && row.before ? `of ${row.text}: ${row.before} becomes ${row.after}` : row.text,
    row.fold ? folded(row) : "",
    ...(row.marks ?? []),
    row.covered ? "covered" : "",
    `${exact(row.tokens)} tokens`,
    hour(row.time),
  ];
  return said.filter(Boolean).join(", ");
}

/** Whose colour a row has. */
export function roleOf({ kind, role }: { kind: string; role?: string }): string {
  return kind === "append" ? (role ?? "") : kind === "summary" ? kind : "";
}

function folded(row: Row): string {
  const fold = row.fold;
  if (!fold) return "";
  if (fold.kind === "masks") return fold.title;
  return `${fold.kind === "agent" ? `agent ${fold.title}, ` : ""}${exact(fold.commits)} commits`;
}

/** Draw a row; `largest` has the longest bar. */
export function drawRow(row: Row, largest: number, isSelected: boolean): HTMLElement {
  const isHead = row.labels?.some(([kind]) => kind === "head") ?? false;
  const isOut = Boolean(row.covered || row.type === "reasoning" || row.marks?.includes("skipped"));
  const isTinted = Boolean(row.kind === "more" || row.agent || !row.here);
  const role = roleOf(row);
  const classes = [
    "row",
    row.direction === "→" ? "is-call" : row.direction === "←" ? "is-result" : "",
    row.code ? "is-code" : "",
    isOut ? "is-out" : "",
  ];
  return h(
    "div",
    {
      class: classes.filter(Boolean).join(" "),
      "aria-label": spoken(row),
      "aria-level": row.level ?? 1,
      "aria-selected": isSelected,
      "aria-expanded": row.fold ? row.fold.is_open : null,
      "data-commit": row.commit,
      "data-role": role,
      style: paint(role),
    },
    cell("graph", null, drawLanes(row, isHead)),
    cell("who", row.who, span("way", row.direction ?? ""), span("name", row.who)),
    cell("said-cell", null, saying(row)),
    cell("marks", null, marks(row)),
    cell("tokens", null, row.tokens ? short(row.tokens) : ""),
    cell("bar-cell", null, bars(row, largest, isOut, isTinted)),
    cell("time", moment(row.time * 1e6), hour(row.time)),
  );
}

function cell(name: string, title: string | null, ...shown: Children[]): HTMLElement {
  return h("span", { class: name, role: "gridcell", title }, ...shown);
}

function saying(row: Row): (HTMLElement | null)[] {
  const fold = row.fold;
  const parts: (HTMLElement | null)[] = [];
  if (fold) {
    parts.push(
      h(
        "button",
        {
          class: `caret${fold.is_open ? " is-open" : ""}`,
          tabindex: -1,
          "data-fold": fold.name,
          "aria-label": fold.is_open ? "Close" : "Open",
        },
        icon("right"),
      ),
    );
  }
  parts.push(...(row.labels ?? []).map(label));
  if (row.failed) parts.push(span("bad", "✕ failed"));
  if (fold?.kind === "masks" && !fold.is_open) {
    parts.push(
      span("fixed strong", fold.title),
      span("fixed dim", `${short(fold.size)} → ${short(row.tokens)}`),
      span("text dim", row.text),
    );
    return parts;
  }
  if (row.kind === "edit") {
    parts.push(
      span("fixed", "of ", span("mono", row.text)),
      span("note", row.before && h("del", null, row.before), row.after && h("ins", null, row.after)),
    );
    return parts;
  }
  if (fold?.kind === "summary") {
    parts.push(
      span("fixed strong", `${exact(fold.commits)} commits`),
      span("fixed dim", `${short(fold.size)} → ${short(row.tokens)}`),
    );
  }
  parts.push(h("span", { class: fold?.kind === "more" ? "text link" : "text" }, row.text));
  if (fold?.kind === "agent") {
    parts.push(
      h(
        "span",
        { class: "chip agent thin", style: laneOf(-1), title: fold.title },
        icon("agent"),
        `${fold.title} · ${exact(fold.commits)} commits · ${short(fold.size)}`,
      ),
    );
  }
  return parts;
}

function label([kind, name, owner]: Label): HTMLElement {
  const drawn = KINDS[kind];
  return h(
    "span",
    {
      class: `chip ${kind}`,
      style: laneOf(owner),
      title: kind === "head" ? null : `${kind} ${name}`,
    },
    drawn && icon(drawn),
    span("name", name),
  );
}

function marks(row: Row): SVGSVGElement[] {
  return (row.marks ?? []).flatMap((name) => {
    const drawn = MARKS[name];
    return drawn ? [icon(drawn, name)] : [];
  });
}

function bars(row: Row, largest: number, isOut: boolean, isTinted: boolean): HTMLElement[] {
  const width = (tokens: number) => Math.max(1.5, Math.min(BAR, (BAR * tokens) / Math.max(1, largest)));
  const drawn: HTMLElement[] = [];
  const { fold } = row;
  if (fold?.kind === "summary" || (fold?.kind === "masks" && !fold.is_open)) {
    drawn.push(h("i", { class: "ghost", style: `width:${width(fold.size)}px` }));
  }
  if (row.tokens) {
    const kind = isOut ? "ghost" : isTinted ? "fill tinted" : "fill";
    drawn.push(h("i", { class: kind, style: `width:${width(row.tokens)}px` }));
  }
  return drawn;
}
