"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat(data.locale);
  const score = new Intl.NumberFormat(data.locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const fine = new Set(["times_p90", "rule_score", "ml_score"]);
  const collator = new Intl.Collator(data.locale, { numeric: true });

  // A column is a list of values, or codes into a list of distinct ones.
  const cell = (name, row) => {
    const column = data.columns[name];
    if (!column) return null;
    if (Array.isArray(column)) return column[row];
    const code = column.codes[row];
    return code < 0 ? null : column.values[code];
  };
  const element = (tag, text, kind) => {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const shown = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? number.format(value) : value);

  const columns = [
    { name: "claim_id", kind: "nowrap", fill: fillClaim },
    { name: "time", kind: "nowrap minor", fill: (row, td) => { const [day, clock] = moment(row); two(td, clock, day); } },
    { name: "facility", kind: "place", fill: (row, td) => two(td, cell("facility", row), cell("province", row)) },
    { name: "diagnosis", kind: "middling", fill: (row, td) => two(td, cell("diagnosis", row), cell("diagnosis_label", row)) },
    { name: "service", kind: "nowrap minor" },
    { name: "los", kind: "number minor" },
    { name: "claimed", kind: "number" },
    { name: "times_p90", kind: "number minor", fill: (row, td) => { const x = cell("times_p90", row); td.textContent = x === null ? "–" : score.format(x); } },
    { name: "risk", kind: "number", fill: fillRisk },
    { name: "flags", kind: "flagged middling", fill: fillFlags },
  ];
  if (data.columns.scenario) columns.push({ name: "scenario", kind: "truth middling", fill: (row, td) => { td.textContent = words.scenarios[cell("scenario", row)] || words.honest; } });

  const state = { sort: null, up: false, page: 0, rows: Array.from({ length: data.length }, (_, i) => i) };

  function two(td, first, second) {
    td.append(shown(first));
    if (second) td.append(element("small", second));
  }
  function moment(row) {
    const [date, clock] = (cell("time", row) || " –").split(" ");  // kept so that it sorts
    return [date.split("-").reverse().join("/"), clock];
  }
  function fillClaim(row, td) {
    const button = element("button", cell("claim_id", row), "open");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => toggle(row, button));
    td.append(button);
  }
  function fillRisk(row, td) {
    const risk = cell("risk", row);
    td.append(element("span", risk === null ? "–" : score.format(risk), risk >= data.alarm ? "risk high" : "risk"));
  }
  function fillFlags(row, td) {
    for (const flag of cell("flags", row) || []) td.append(element("span", words.flags[flag] || flag, "flag"));
  }
  function toggle(row, button) {
    const line = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { line.nextElementSibling.remove(); return; }
    const more = element("tr", null, "more");
    const td = more.appendChild(element("td"));
    td.colSpan = columns.length;
    const list = td.appendChild(element("dl"));
    const add = (name, value, kind) => {
      if (value === null || value === undefined || value === "") return;
      const box = list.appendChild(element("div", null, kind));
      box.append(element("dt", words.columns[name]), element("dd", value));
    };
    add("narrative", cell("narrative", row), "wide");
    add("time", moment(row).join(" ").trim());
    add("diagnosis", [cell("diagnosis", row), cell("diagnosis_label", row)].filter(Boolean).join(" · "));
    for (const name of ["facility_class", "province", "service", "severity", "los", "paid", "peer_p90", "times_p90", "rule_score", "ml_score"]) {
      const value = cell(name, row);
      add(name, typeof value === "number" ? (fine.has(name) ? score : number).format(value) : value);
    }
    add("flags", (cell("flags", row) || []).map((flag) => words.flags[flag] || flag).join(" · "));
    if (data.columns.scenario) add("scenario", words.scenarios[cell("scenario", row)] || words.honest);
    line.after(more);
  }

  function head() {
    const line = document.querySelector("#claims thead tr");
    for (const column of columns) {
      const th = element("th", null, column.kind);
      th.scope = "col";
      const button = th.appendChild(element("button", words.columns[column.name]));
      button.type = "button";
      button.addEventListener("click", () => sortBy(column.name));
      column.head = th;
      line.append(th);
    }
  }
  function sortBy(name) {
    state.up = state.sort === name ? !state.up : !["claimed", "risk", "times_p90", "los", "flags", "time"].includes(name);
    state.sort = name;
    state.page = 0;
    for (const column of columns) {
      if (column.name === name) column.head.setAttribute("aria-sort", state.up ? "ascending" : "descending");
      else column.head.removeAttribute("aria-sort");
    }
    select();
  }
  const key = (name, row) => {
    const value = cell(name, row);
    return name === "flags" ? (value || []).length : value;
  };
  function compare(a, b) {
    const x = key(state.sort, a);
    const y = key(state.sort, b);
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;  // unknown last
    const order = typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
    return (state.up ? order : -order) || a - b;
  }

  let haystack = null;
  function text(row) {
    haystack ??= new Array(data.length);
    haystack[row] ??= ["claim_id", "facility", "province", "diagnosis", "diagnosis_label", "narrative"]
      .map((name) => cell(name, row) || "").join(" ").toLowerCase();
    return haystack[row];
  }
  function select() {
    const province = byId("province").value;
    const wanted = byId("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    state.rows = [];
    for (let row = 0; row < data.length; row += 1) {
      if (province && cell("province", row) !== province) continue;
      if (wanted.length && !wanted.every((word) => text(row).includes(word))) continue;
      state.rows.push(row);
    }
    if (state.sort) state.rows.sort(compare);
    draw();
  }
  function draw() {
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const body = document.createDocumentFragment();
    for (const row of state.rows.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
      const line = body.appendChild(element("tr"));
      for (const column of columns) {
        const td = line.appendChild(element("td", null, column.kind));
        if (column.fill) column.fill(row, td);
        else td.textContent = shown(cell(column.name, row));
      }
    }
    if (!state.rows.length) {
      const line = body.appendChild(element("tr", null, "none"));
      const td = line.appendChild(element("td", data.length ? words.nothing_found : words.no_claims));
      td.colSpan = columns.length;
    }
    document.querySelector("#claims tbody").replaceChildren(body);
    const fill = (template, ...values) => values.reduce((told, value) => told.replace("{}", value), template);
    const riskiest = data.total > data.length ? fill(words.riskiest, number.format(data.length), number.format(data.total)) : "";
    byId("told").textContent = data.length ? `${fill(words.told, number.format(state.rows.length), number.format(data.length))} ${riskiest}` : "";
    byId("page").textContent = fill(words.page, number.format(state.page + 1), number.format(pages));
    byId("first").disabled = byId("back").disabled = state.page === 0;
    byId("next").disabled = byId("last").disabled = state.page === pages - 1;
  }
  function turn(page) {
    state.page = page;
    draw();
    byId("claims").scrollIntoView({ block: "start" });
  }

  const names = data.columns.province ? [...data.columns.province.values] : [];
  for (const name of names.sort(collator.compare)) {
    const option = byId("province").appendChild(element("option", name));
    option.value = name;
  }
  byId("province").addEventListener("change", () => { state.page = 0; select(); });
  byId("search").addEventListener("input", () => { state.page = 0; select(); });
  byId("first").addEventListener("click", () => turn(0));
  byId("back").addEventListener("click", () => turn(state.page - 1));
  byId("next").addEventListener("click", () => turn(state.page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  head();
  draw();
})();
