"use strict";
// Values of a sweep: read from the page, formatted for users, and parsed from their input.

const element = (id) => document.getElementById(id);

/** Decodes base64 of gzip to text. */
async function inflated(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k += 1) bytes[k] = letters.charCodeAt(k);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const SUFFIXES = { a: -18, f: -15, p: -12, n: -9, "\u00b5": -6, u: -6, m: -3, K: 3, k: 3, MEG: 6, M: 6, G: 9, T: 12 };
const ZERO_CELSIUS = 273.15;
const PREFIXES = Object.fromEntries(Object.entries(SUFFIXES).map(([prefix, power]) => [power, prefix]));

const DIMENSIONLESS = ["", "V/V"];

/** A number without SI prefix; a whole number in full. */
function plainNumber(value, digits) {
  if (Number.isInteger(value)) return String(value);
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 1e-4 && Math.abs(rounded) < 1e6 ? String(rounded) : rounded.toExponential();
}

/** A number in engineering notation with four digits; a stored fraction in %; no SI prefix without a dimension. */
function engineering(value, unit) {
  if (value === null || value === undefined) return "-";
  if (unit === "%") {
    const [digits, exponent] = value.toExponential(2).split("e").map(Number);
    return `${Number(`${digits}e${exponent + 2}`)} %`;  // 100 * value would be rounded twice
  }
  if (DIMENSIONLESS.includes(unit)) return plainNumber(value, 4);
  if (unit === "K") return `${plainNumber(value, Math.max(4, 2 + String(Math.trunc(Math.abs(value))).length))} K`;
  if (unit.startsWith("1/")) return `${plainNumber(value, 4)} ${unit}`;
  const [digits, exponent] = value.toExponential(3).split("e").map(Number);
  const power = digits === 0 ? 0 : Math.min(12, Math.max(-18, 3 * Math.floor(exponent / 3)));
  return `${Number(`${digits}e${exponent - power}`)}${unit && " "}${PREFIXES[power] ?? ""}${unit}`;
}

/** A value of a column for users; a column may hold numbers and names. */
function written(value, column) {
  if (typeof value === "number") return engineering(value, column.unit);
  return value === null || value === "" ? "-" : String(value);
}

/** The value of a column at a place, for users. */
const shown = (column, place) => written(column.values[place], column);

/** The order of two values, numbers before names. */
const order = (a, b) => (typeof a > typeof b) - (typeof a < typeof b) || (a > b) - (a < b);

/** A number of this unit such as 35u, 100MEG, 1.2kohm, 5%, 27C, 90dB or 110V/us; NaN for anything else. */
function parsed(text, wanted = "") {
  const [, level, decibels] = /^(.*?)(dB)$/i.exec(text) ?? [];
  if (decibels) return wanted === "V/V" ? 10 ** (parsed(level) / 20) : NaN;
  const [, kelvin, scale] = (wanted === "K" && /^([-+.\d]+)(K|(?:deg|\u00b0)?C)$/i.exec(text)) || [];
  if (scale) return Number(kelvin) + (scale.toUpperCase() === "K" ? 0 : ZERO_CELSIUS);
  const [, rate, prefix, base] = /^(.*)\/([afpnu\u00b5mkMGT])([a-z]+)$/.exec(text) ?? [];
  if (base && wanted.endsWith(`/${base}`)) return parsed(rate) / 10 ** SUFFIXES[prefix];
  const found = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(meg|[afpnu\u00b5mkKMGT]?)([a-z/]*|%)$/i.exec(text);
  if (!found) return NaN;
  const [, digits, letters, unit] = found;
  if (unit === "%") return letters ? NaN : Number(digits) / 100;
  return Number(digits) * 10 ** (SUFFIXES[letters.length > 1 ? "MEG" : letters] ?? 0);  // F and A are units
}

const SAME = 1e-9;  // relative difference of equal numbers, as in amc table --where
const near = (a, b) => Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b));
const equal = (a, b) => (typeof a === "number" ? near(a, b) : a === b);
const COMPARISONS = {
  "=": equal, "==": equal, "!=": (a, b) => !equal(a, b),
  "<": (a, b) => a < b && !equal(a, b), "<=": (a, b) => a <= b || equal(a, b),
  ">": (a, b) => a > b && !equal(a, b), ">=": (a, b) => a >= b || equal(a, b),
};

/** The column that a user names: by its name, without its unit, or by its synonym. */
function columnNamed(columns, typed) {
  const name = typed.toLowerCase().replaceAll("-", "_");
  const known = [name, `${name}_total_j`, ...["s", "j", "v", "a", "hz"].map((unit) => `${name}_${unit}`)];
  const named = known.map((one) => columns.find((column) => column.name === one));
  return [...named, columns.find((column) => column.synonym === name)].find(Boolean);
}

/** Condition of one word of the filter on a place; throws if it cannot be read. */
function condition(word, columns, textAt) {
  const found = /^([\w-]+)(==|!=|<=|>=|=|<|>)(.+)$/.exec(word);
  if (!found) return (place) => textAt(place).includes(word.replaceAll('"', "").toLowerCase());
  const [, name, operator, typed] = found;
  const column = columnNamed(columns, name);
  if (!column) throw new Error(`There is no column ${name}.`);
  const [text, number] = [typed.replaceAll('"', "").toLowerCase(), parsed(typed, column.unit)];
  const mixed = !column.numeric && column.values.some((value) => typeof value === "number");
  const wanted = text === "none" ? null : column.numeric || (mixed && !Number.isNaN(number)) ? number : text;
  if (Number.isNaN(wanted)) throw new Error(`${word}: ${typed} is not a number such as 35u, 100MEG or 5%.`);
  if (wanted === null && !/^[!=]/.test(operator)) throw new Error(`${word}: none has no order; take = or !=.`);
  return (place) => {
    const value = column.values[place] === "" ? null : column.values[place];
    if (value === null || wanted === null) return (value === wanted) !== (operator === "!=");
    const known = typeof value === "number" ? value : String(value).toLowerCase();
    return typeof known === typeof wanted ? COMPARISONS[operator](known, wanted) : operator === "!=";
  };
}

/** Condition of the filter on a place: all words, with blanks or commas between them. */
function conditions(text, columns, textAt) {
  const tests = (text.match(/(?:[^\s,"]|"[^"]*")+/g) ?? []).map((word) => condition(word, columns, textAt));
  return (place) => tests.every((test) => test(place));
}
