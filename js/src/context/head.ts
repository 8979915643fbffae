// The top of the widget: how full the context is, what it costs, what each role takes.
import { counted, exact, moment, money, short } from "../base/format";
import type { Ground } from "../base/ground";
import { bold, type Children, h, span } from "../base/h";
import { icon } from "../base/icons";
import { nothingYet } from "../base/parts";
import { type ContextState, type Layout, PLURALS, ROLES } from "./model";

/** What stands at the top: how full it is, and what the next calls cost. */
export function header(ground: Ground<ContextState>): Children[] {
  const state = ground.state();
  const { branch, tokens, max_tokens: most, source, next, later, called, model } = state;
  const left = most === null ? null : most - tokens;
  const kept =
    called === null
      ? ""
      : `, if the provider still keeps what was cached ${moment(called * 1000).slice(0, 16)}`;
  return [
    h("h2", null, "What the model sees"),
    branch === null
      ? span("chip", "detached")
      : h("span", { class: "chip branch", title: branch }, icon("branch"), branch),
    span("space"),
    span(
      "sum dim",
      bold(exact(tokens)),
      most === null ? " tokens" : ` of ${exact(most)} tokens, `,
      left === null
        ? null
        : left >= 0
          ? span("", bold(short(left)), " left")
          : span("bad", `${short(-left)} over the budget`),
      " ",
      h("span", { class: "source dim", title: sourceOf(source) }, source),
    ),
    next !== null &&
      h(
        "span",
        { class: "costs dim", title: `${model ?? ""}${kept}` },
        "next call ",
        bold(money(next)),
        ...(later === null ? [] : [", then ", bold(money(later))]),
      ),
    ground.helpButton(),
  ];
}

/** What each role takes, and what left; a role is a button that shows it alone. */
export function legend(
  layout: Layout,
  only: string | null,
  onAlone: (role: string | null) => void,
): Children[] {
  const { totals, state } = layout;
  const gone = (why: string) => {
    const ghosts = state.ghosts.filter((ghost) => ghost[1] === why);
    return ghosts.reduce((sum, ghost) => sum + ghost[3], 0);
  };
  const order = Object.keys(totals).sort((a, b) => (totals[b]?.[1] ?? 0) - (totals[a]?.[1] ?? 0));
  const roles = order.map((role) => {
    const [units, tokens] = totals[role] ?? [0, 0];
    const name = role === "u" ? counted(units, "user turn") : (PLURALS[role] ?? role);
    return h(
      "button",
      {
        "aria-pressed": only === role,
        title: `${counted(units, "unit")}: show these alone (r)`,
        onclick: () => onAlone(only === role ? null : role),
      },
      h("i", { class: role === "u" ? "turn" : "fill", "data-role": ROLES[role] }),
      `${name} `,
      bold(short(tokens)),
    );
  });
  const left: [string, number][] = [
    ["skipped", gone("skipped")],
    ["covered", gone("covered")],
    ["reasoning", state.thoughts[1]],
  ];
  const parts = left.filter(([, tokens]) => tokens > 0);
  return [
    roles,
    parts.length > 0 &&
      span(
        "",
        h("i", "gone"),
        span(
          "",
          "left out ",
          parts.flatMap(([why, tokens], at) => [at ? ", " : "", bold(short(tokens)), ` ${why}`]),
        ),
      ),
    state.cached > 0 && span("", h("i", "hatched"), "cached"),
  ];
}

/** What stands in the status line. */
export function footer(layout: Layout): Node[] {
  const { count, state } = layout;
  const { head, database } = state;
  return [span("", database), span("mono", (head ?? "").slice(0, 8)), span("", counted(count, "unit"))];
}

/** What stands there before anything is committed. */
export function empty(): HTMLElement {
  return h("div", "empty dim", nothingYet());
}

function sourceOf(source: string): string {
  return (
    {
      api: "as the provider reported it for the last reply",
      "api+estimate": "the newest reported usage, plus what was counted since",
      tiktoken: "counted with tiktoken: no usage is recorded",
      estimate: "estimated by characters: no encoding could be loaded",
    }[source] ?? ""
  );
}
