// The page of the terminal. textual.js draws it and speaks with the server over a WebSocket; what that lacks is
// here: a line that is lost comes back by itself, the server hears how much has arrived, and why it ended is told.
"use strict";

(() => {
  const Line = window.WebSocket;
  const PING_MS = 15000; // how often a silent line is asked whether it is there
  const SILENT_MS = 10000; // how long it may take to answer
  const FIRST_MS = 300; // how long after a lost line the next one is tried; then twice as long each time
  const MOST_MS = 8000;
  const PASTE_CHARS = 32000; // what is longer is not sent: the server would cut the line

  const body = document.body;
  const state = document.getElementById("state");
  const veil = document.getElementById("veil");
  const told = document.getElementById("told");
  const again = document.getElementById("again");
  let leaving = false;

  const say = (word) => {
    state.textContent = word;
    body.dataset.state = word;
  };

  const cover = (sentence, offersMore) => {
    veil.hidden = !sentence;
    told.textContent = sentence;
    again.hidden = !offersMore;
  };

  const goTo = (place) => {
    leaving = true;
    window.location.replace(place);
  };

  // What textual.js takes for its WebSocket: one that outlives the lines that it runs over.
  class LastingSocket extends EventTarget {
    constructor(url) {
      super();
      this.url = new URL(url, window.location.href);
      this.url.protocol = this.url.protocol.replace("http", "ws");
      this.binaryType = "arraybuffer";
      this.wait = FIRST_MS;
      this.line = null;
      this.retry = 0;
      this.pings = window.setInterval(() => this.ping(), PING_MS);
      for (const event of ["online", "focus"]) window.addEventListener(event, () => this.hurry());
      this.open();
    }

    open() {
      const line = new Line(this.url);
      this.line = line;
      this.arrived = 0;
      this.silence = 0;
      line.binaryType = this.binaryType;
      line.addEventListener("open", () => {
        this.wait = FIRST_MS;
        say("connected");
        cover("", false);
        this.dispatchEvent(new Event("open")); // textual.js tells its size, and the program paints all of itself
        document.querySelector(".xterm-helper-textarea")?.focus();
      });
      line.addEventListener("message", (event) => this.hear(event));
      line.addEventListener("close", (event) => this.lost(event));
    }

    hear(event) {
      window.clearTimeout(this.silence);
      this.silence = 0;
      if (typeof event.data === "string") return; // the answer to a ping of ours
      this.dispatchEvent(new MessageEvent("message", { data: event.data }));
      this.arrived += event.data.byteLength;
      this.send(JSON.stringify(["ack", this.arrived]));
    }

    send(text) {
      if (text.length > PASTE_CHARS) {
        say("too long to paste");
      } else if (this.line.readyState === Line.OPEN) {
        this.line.send(text);
      }
    }

    ping() {
      if (this.line.readyState !== Line.OPEN || this.silence) return;
      this.line.send(JSON.stringify(["ping", ""]));
      this.silence = window.setTimeout(() => this.giveUp(), SILENT_MS);
    }

    giveUp() {
      // A line that is dead takes a minute to close; it is not waited for.
      const dead = this.line;
      this.lost({ target: dead, code: 1006, reason: "" });
      dead.close();
    }

    lost(event) {
      if (event.target !== this.line || leaving) return;
      this.line = { readyState: Line.CLOSED };
      window.clearTimeout(this.silence);
      if (event.code === 4000 && event.reason === "taken") {
        say("elsewhere");
        cover("Mesh is open in another page of this browser.", true);
      } else if (event.code === 4000) {
        goTo("/?why=" + encodeURIComponent(event.reason));
      } else {
        say("line lost");
        cover(event.code === 1012 ? "The server starts again…" : "The line is lost. Trying again…", false);
        this.retry = window.setTimeout(() => this.open(), this.wait * (0.5 + Math.random() / 2));
        this.wait = Math.min(2 * this.wait, MOST_MS);
      }
    }

    hurry() {
      if (this.line.readyState !== Line.CLOSED || !this.retry) return;
      window.clearTimeout(this.retry);
      this.retry = 0;
      this.wait = FIRST_MS;
      this.open();
    }
  }

  again.addEventListener("click", () => window.location.reload());
  document.getElementById("leave").addEventListener("submit", () => {
    leaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    // Ctrl+W, which deletes a word in any other terminal, closes a page.
    if (!leaving && body.dataset.state === "connected") event.preventDefault();
  });

  // textual.js measures the letters once, so they have to be there, and begins with the load event, which may
  // have been before.
  const terminal = document.getElementById("terminal");
  if (window.innerWidth < 700) terminal.dataset.fontSize = "12";
  const begin = () => {
    window.WebSocket = LastingSocket;
    const script = document.createElement("script");
    script.src = terminal.dataset.script;
    script.addEventListener("load", () => {
      if (document.readyState === "complete") window.onload(new Event("load"));
    });
    script.addEventListener("error", () => cover("A part of this page could not be loaded.", true));
    document.head.append(script);
  };
  say("connecting…");
  document.fonts.load("16px 'Roboto Mono'").then(begin, begin);
})();
