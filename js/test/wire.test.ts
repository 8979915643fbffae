import { describe, expect, test } from "vitest";
import { Fault, type Model, Wire } from "../src/base/wire";

class Shim implements Model {
  sent: { id: string; method: string; params: object }[] = [];
  heard = new Set<(message: unknown) => void>();
  get() {}
  set() {}
  save_changes() {}
  on(_: string, callback: (message: never) => void) {
    this.heard.add(callback as (message: unknown) => void);
  }
  off(_: string, callback: (message: never) => void) {
    this.heard.delete(callback as (message: unknown) => void);
  }
  send(content: unknown) {
    this.sent.push(content as Shim["sent"][0]);
  }
  answer(message: object) {
    for (const callback of this.heard) callback(message);
  }
}

function made() {
  const model = new Shim();
  const ended = new AbortController();
  return { model, ended, wire: new Wire(model, ended.signal) };
}

describe("a request", () => {
  test("gets its own answer, in whichever order they come", async () => {
    const { model, wire } = made();
    const one = wire.request("rows", { start: 1 });
    const two = wire.request("rows", { start: 2 });
    expect(model.sent.map(({ method, params }) => [method, params])).toEqual([
      ["rows", { start: 1 }],
      ["rows", { start: 2 }],
    ]);
    model.answer({ id: model.sent[1]?.id, ok: true, result: "second" });
    model.answer({ id: model.sent[0]?.id, ok: true, result: "first" });
    expect(await Promise.all([one, two])).toEqual(["first", "second"]);
  });

  test("rejects with what Python said", async () => {
    const { model, wire } = made();
    const asked = wire.request("skip");
    model.answer({
      id: model.sent[0]?.id,
      ok: false,
      error: { type: "RefError", message: "Gone.", hint: "Look." },
    });
    const fault = await asked.catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ type: "RefError", message: "Gone.", hint: "Look." });
  });

  test("of another view is left to it", async () => {
    const { model, wire } = made();
    const other = new Wire(model, new AbortController().signal);
    const mine = wire.request("a");
    const theirs = other.request("b");
    model.answer({ id: model.sent[1]?.id, ok: true, result: "theirs" });
    model.answer({ id: model.sent[0]?.id, ok: true, result: "mine" });
    expect([await mine, await theirs]).toEqual(["mine", "theirs"]);
  });

  test("that waits is told by its time, until it is answered", async () => {
    const { model, wire } = made();
    expect(wire.waited()).toBe(0);
    const asked = wire.request("slow");
    await new Promise((done) => setTimeout(done, 15));
    expect(wire.waited()).toBeGreaterThan(5);
    model.answer({ id: model.sent[0]?.id, ok: true });
    await asked;
    expect(wire.waited()).toBe(0);
  });

  test("hears nothing more once the view is gone", () => {
    const { model, ended } = made();
    ended.abort();
    expect(model.heard.size).toBe(0);
  });
});
