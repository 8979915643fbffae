// What an action would change, in words: tokens first, then prices, then what it means.
import { exact, money, round, short } from "../base/format";
import { bold, span } from "../base/h";
import type { Foresight } from "./model";

export function sentence(found: Foresight, most: number | null): (Node | string)[] {
  const { before, after, now, next, later, over, says, refused, hint } = found;
  if (refused && !found.code) return [span("refused", refused, hint ? ` ${hint}` : "")];
  const said: (Node | string)[] = [];
  if (before !== undefined && after !== undefined && before !== after) {
    const delta = after - before;
    said.push(
      bold(`${delta > 0 ? "+" : ""}${exact(delta)} tokens`),
      `: ${short(after)}${most ? ` of ${round(most)}` : ""}. `,
    );
    if (isKnown(next)) {
      said.push("Next call ", bold(money(next)));
      if (isKnown(later)) said.push(", then ", bold(money(later)));
      if (isKnown(now)) said.push(` (now ${money(now)})`);
      said.push(". ");
    }
  }
  if (over) said.push(span("bad", `${exact(over)} tokens over the budget. `));
  if (says) said.push(says);
  if (refused) said.push(" ", span("refused", refused));
  return said;
}

function isKnown(price: number | null | undefined): price is number {
  return price !== null && price !== undefined;
}
