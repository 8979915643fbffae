// One commit, or several, as they are read: what it is, its text, and what there is to say of it.
import { exact, percent } from "../base/format";
import { bold, h, span } from "../base/h";
import { icon } from "../base/icons_history";
import { iconButton } from "../base/parts";
import { paint } from "./lanes";
import type { Change, Detail, Fact } from "./model";
import { hour, roleOf } from "./row";

/** Go to a commit. */
export type Go = (commit: string) => void;

/** A group that scrolls, and is read by its own keys. */
function readable(
  name: string,
  label: string,
): { class: string; tabindex: number } & Record<string, unknown> {
  return { class: name, tabindex: 0, role: "group", "aria-label": label };
}

function link(commit: string, go: Go): HTMLElement {
  return h("button", { class: "link mono", onclick: () => go(commit) }, commit.slice(0, 8));
}

/** Several commits: how many, what they have together, their names. */
export function drawSeveral(commits: readonly string[], tokens: number, go: Go): HTMLElement[] {
  return [
    h(
      "div",
      "head",
      h("div", "title", bold(`${exact(commits.length)} commits`), span("space")),
      tokens ? h("div", "size", span("", bold(exact(tokens)), " tokens together")) : null,
    ),
    h(
      "div",
      "links mono",
      commits.slice(0, 200).map((commit) => link(commit, go)),
    ),
  ];
}

/** One commit; `more` gives the next part of a long text. */
export function drawUnit(
  detail: Detail,
  go: Go,
  copy: () => void,
  more: (start: number) => Promise<string | undefined>,
): HTMLElement[] {
  return [drawHead(detail, copy), drawText(detail, more), drawFacts(detail, go)];
}

function drawHead(detail: Detail, copy: () => void): HTMLElement {
  const { share, direction, title, tokens } = detail;
  const style = paint(roleOf(detail));
  const isOut = share === null;
  const says = isOut ? detail.standing : `${share < 0.05 ? "under 0.1 %" : percent(share / 100)} of context`;
  return h(
    "div",
    "head",
    h(
      "div",
      "title",
      h("span", { class: "who", style }, `${direction} ${title}`.trim()),
      span("space"),
      span("mono dim", detail.commit.slice(0, 8)),
      iconButton(icon("copy"), "Copy the hash", copy, { class: "small", title: `${detail.hash} (y)` }),
    ),
    h(
      "div",
      "size",
      span("", bold(exact(tokens)), " tokens"),
      span(
        "share",
        h("i", {
          class: isOut ? "ghost" : "fill",
          style: `${style ?? ""};width:${isOut ? 0 : Math.max(1, share)}%`,
        }),
      ),
      span(isOut ? "standing" : "", says),
    ),
  );
}

function drawText(detail: Detail, next: (start: number) => Promise<string | undefined>): HTMLElement {
  const isEdit = detail.kind === "edit" && detail.changes.length > 0;
  const shown = isEdit
    ? drawPieces(detail)
    : detail.html === null
      ? h("pre", null, asArguments(detail))
      : markdown(detail.html);
  const form = isEdit ? "prose" : detail.direction === "→" ? "call" : detail.form;
  const foot = h("div", "foot", span("", `${exact(detail.characters)} characters`), span("space"));
  let have = detail.text.length;
  if (detail.characters > have && !isEdit) {
    const more = h("button", "link", "show all");
    more.addEventListener("click", async () => {
      while (have < detail.characters && shown.isConnected) {
        const part = await next(have);
        if (!part) break;
        shown.append(part);
        have += part.length;
      }
      more.remove();
    });
    foot.append(more);
  }
  return h(
    "div",
    "content-frame column",
    h("div", readable(`content-box form-${form}`, "Text"), shown),
    foot,
  );
}

function drawPieces(detail: Detail): HTMLElement {
  const pieces = detail.changes[0]?.[2] ?? [];
  return h(
    "pre",
    null,
    pieces.map(({ 0: kind, 1: text }) =>
      kind === "same" ? text : h(kind === "out" ? "del" : "ins", null, text),
    ),
  );
}

function drawFacts(detail: Detail, go: Go): HTMLElement {
  const rows = detail.facts.map((fact) => drawFact(fact, go));
  if (detail.kind !== "edit") {
    for (const [commit, time] of detail.changes) {
      rows.push([h("dt", null, "edited"), h("dd", null, link(commit, go), `, ${hour(time)}`)]);
    }
  }
  return h("div", readable("facts", "About it"), h("dl", null, rows.flat()));
}

function drawFact({ 0: name, 1: text, 2: links }: Fact, go: Go): HTMLElement[] {
  return [
    h("dt", null, name),
    h(
      "dd",
      { title: text || null },
      links.flatMap(([commit, word], at) => [
        at ? ", " : "",
        link(commit, go),
        name === "marked" ? " " : ` ${word}`,
      ]),
      text,
    ),
  ];
}

/** What differs between what a model is sent at two commits. */
export function drawChanges(title: string, changes: readonly Change[], go: Go): HTMLElement {
  return h(
    "div",
    readable("changes", "What differs"),
    h("b", "mono", title),
    changes.length ? null : h("p", "dim", "A model is sent the same at both."),
    changes.map((one) =>
      h(
        "p",
        null,
        span("change", one.change),
        " ",
        link(one.commit, go),
        span("dim", ` ${one.who}, ${one.tokens > 0 ? "+" : ""}${exact(one.tokens)}`),
        h("br"),
        one.before && one.before !== one.after ? h("del", null, one.before) : null,
        " ",
        one.after ? h("ins", null, one.after) : null,
      ),
    ),
  );
}

/** The text of a call as its arguments, one after the other; any other text as it is. */
export function asArguments({ direction, text, characters }: Detail): string {
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

/** Prose that Python has rendered and cleaned (tract_nb/notebook/html.py): the one place where markup is taken. */
function markdown(cleaned: string): HTMLElement {
  const parsed = new DOMParser().parseFromString(cleaned, "text/html"); // runs nothing, fetches nothing
  return h("div", "rendered", [...parsed.body.childNodes]);
}
