// The HTTP API: every request of the page goes through here.

import { askToken } from "./token.js";

// What the server says went wrong (RFC 9457).
export class Problem extends Error {
  constructor(document, status = 0, retryS = 0) {
    super(document.detail ?? "the server does not answer");
    this.code = document.code ?? "unreachable";
    this.hint = document.hint ?? "see whether affetto serve still runs";
    this.excerpt = document.excerpt ?? "";
    this.status = status;
    this.retryS = retryS;
  }
}

const TOKEN = "affetto-token";

class Api {
  async get(path, parameters) {
    return (await this.fetch(path, { parameters })).json();
  }

  async bytes(path, parameters) {
    return (await this.fetch(path, { parameters })).arrayBuffer();
  }

  async blob(path, options) {
    return (await this.fetch(path, options)).blob();
  }

  async fetch(path, { method = "GET", parameters, body, signal } = {}) {
    for (;;) {
      const answer = await fetch(address(path, parameters), {
        method,
        body,
        signal,
        headers: headers(),
      }).catch((error) => {
        throw error.name === "AbortError" ? error : new Problem({});
      });
      if (answer.ok) return answer;
      const problem = await problemOf(answer);
      if (problem.status !== 401) throw problem;
      sessionStorage.setItem(TOKEN, await askToken(problem.code === "wrong-token"));
    }
  }

  // An address for what sends no headers: players and event streams.
  open(path, parameters = {}) {
    const token = sessionStorage.getItem(TOKEN);
    return address(path, token === null ? parameters : { ...parameters, token });
  }

  // Why the server gives no sound at an address of `open`; null if it does.
  async whyNot(url) {
    try {
      const answer = await fetch(url, { headers: { Range: "bytes=0-0" } });
      return answer.ok ? null : await problemOf(answer);
    } catch {
      return new Problem({});
    }
  }

  // Send a file to be scored; `told` hears of the share that is sent. Gives the job.
  async send(file, told, signal) {
    await this.get("/v1/formats"); // asks for the token, before much is sent in vain
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", address("/v1/predict", { wait: 0, timeline: 1, filename: file.name }));
      for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => told(event.loaded / Math.max(1, event.total));
      request.onerror = () => reject(new Problem({}));
      request.onabort = () => reject(new DOMException("given up", "AbortError"));
      request.onload = () => {
        const said = parsed(request.responseText);
        if (request.status === 202) resolve(said);
        else reject(new Problem(said, request.status, Number(request.getResponseHeader("Retry-After"))));
      };
      signal?.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }

  // Follow a job until it is over; `told` hears of each change. Gives the prediction.
  follow(job, told, signal) {
    return new Promise((resolve, reject) => {
      const events = new EventSource(this.open(job.url));
      const end = (settle, value) => {
        events.close();
        settle(value);
      };
      events.addEventListener("progress", (event) => told(JSON.parse(event.data)));
      events.addEventListener("done", (event) => {
        const { result, problem } = JSON.parse(event.data);
        if (result) end(resolve, result);
        else end(reject, new Problem(problem, problem.status));
      });
      events.addEventListener("error", async () => {
        if (events.readyState !== EventSource.CLOSED) return; // it connects again by itself
        const answer = await this.get(job.url).catch((problem) => ({ problem }));
        if (answer.result) end(resolve, answer.result);
        else end(reject, answer.problem instanceof Problem ? answer.problem : new Problem(answer.problem ?? {}));
      });
      signal?.addEventListener("abort", () => {
        this.fetch(job.url, { method: "DELETE" }).catch(() => {});
        end(reject, new DOMException("given up", "AbortError"));
      });
    });
  }
}

export const api = new Api();

function address(path, parameters = {}) {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    [value].flat().filter((each) => each !== undefined && each !== "").map((each) => [name, each]),
  );
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

async function problemOf(answer) {
  const retryS = Number(answer.headers.get("Retry-After"));
  return new Problem(parsed(await answer.text()), answer.status, retryS);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
