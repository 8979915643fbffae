// Requests to Python and their answers, over the custom messages of one model.

/** What a widget needs of its model: anywidget's, or the shim of a static page. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: (...given: never[]) => void): void;
  off(event: string, callback: (...given: never[]) => void): void;
  send(content: unknown): void;
}

/** An error that Python answered with: what is wrong, and what to do. */
export class Fault extends Error {
  readonly type: string;
  readonly hint: string;

  constructor(type: string, message: string, hint: string) {
    super(message);
    this.type = type;
    this.hint = hint;
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(fault: Fault): void;
  since: number;
}

interface Answer {
  id?: string;
  ok?: boolean;
  result?: unknown;
  error?: { type: string; message: string; hint: string };
}

/** The requests of one view; an answer reaches every view of a model, each takes its own. */
export class Wire {
  readonly #model: Model;
  readonly #own = Math.random().toString(36).slice(2, 10);
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    const hear = (message: Answer) => this.#hear(message);
    model.on("msg:custom", hear);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", hear);
      this.#waiting.clear();
    });
  }

  /** Call a method of the Python widget; it rejects with a Fault. */
  request<T>(method: string, params: object = {}): Promise<T> {
    this.#count += 1;
    const id = `${this.#own}-${this.#count}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, since: Date.now() });
      this.#model.send({ id, method, params });
    });
  }

  /** For how many milliseconds the oldest request has waited; 0 where none does. */
  waited(): number {
    const [oldest] = this.#waiting.values();
    return oldest ? Date.now() - oldest.since : 0;
  }

  #hear(answer: Answer): void {
    const waiting = answer.id === undefined ? undefined : this.#waiting.get(answer.id);
    if (!waiting || answer.id === undefined) return;
    this.#waiting.delete(answer.id);
    if (answer.ok) {
      waiting.resolve(answer.result);
    } else {
      const { type, message, hint } = answer.error ?? { type: "Error", message: "No answer.", hint: "" };
      waiting.reject(new Fault(type, message, hint));
    }
  }
}
