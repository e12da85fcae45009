// How amounts, times and long identifiers read. Amounts come and stay as exact text: no number of the
// language ever holds money.

// grouped sets separators between thousands, and leaves every digit as it is.
export function grouped(amount: string): string {
  const [, sign = "", whole = "", rest = ""] = /^([-+]?)(\d+)(\.\d+)?$/.exec(amount) ?? [];
  if (whole === "") return amount;
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
}

// amounts of currencies of account have at least two places, where they have such.
export function money(amount: string, currency: string): string {
  const least = currency === "JPY" ? 0 : 2;
  const [whole = "0", places = ""] = amount.split(".");
  const trimmed = places.replace(/0+$/, "").padEnd(least, "0");
  return `${grouped(trimmed ? `${whole}.${trimmed}` : whole)} ${currency}`;
}

// add sums exact decimal texts.
export function add(a: string, b: string): string {
  const places = Math.max(scale(a), scale(b));
  return unscaled(scaled(a, places) + scaled(b, places), places);
}

function scale(text: string): number {
  return text.split(".")[1]?.length ?? 0;
}

function scaled(text: string, places: number): bigint {
  const [whole = "0", rest = ""] = text.replace("-", "").split(".");
  const units = BigInt(whole + rest.padEnd(places, "0"));
  return text.startsWith("-") ? -units : units;
}

function unscaled(units: bigint, places: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  const text = places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
  return sign + (places ? text.replace(/\.?0+$/, "") : text);
}

// shortened keeps the ends of an identifier, which are what people compare.
export function shortened(id: string, ends = 6): string {
  return id.length <= 2 * ends + 3 ? id : `${id.slice(0, ends)}…${id.slice(-ends)}`;
}

export function instant(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

export function date(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(at));
}

export function exact(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(new Date(at));
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

// ago says how far an instant is from now, in the largest unit that fits.
export function ago(at: string, now: number, language: string): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  return words.format(Math.round(seconds / size), unit);
}

// lasting says how long something takes.
export function lasting(seconds: number, language: string): string {
  const part = (value: number, unit: string) =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(value);
  if (seconds < 90) return part(seconds, "second");
  if (seconds < 5400) return part(seconds / 60, "minute");
  if (seconds < 172_800) return part(seconds / 3600, "hour");
  return part(seconds / 86_400, "day");
}

export function share(part: number, whole: number, language: string): string {
  if (whole === 0) return "–";
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(part / whole);
}

// day is a date in UTC, so many days before another.
export function day(from: Date, before = 0): string {
  return new Date(from.getTime() - before * 86_400_000).toISOString().slice(0, 10);
}

// sized says how large a file is.
export function sized(bytes: number, language: string): string {
  const part = (value: number, unit: string) =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(value);
  if (bytes < 1024) return part(bytes, "byte");
  if (bytes < 1024 * 1024) return part(bytes / 1024, "kilobyte");
  return part(bytes / (1024 * 1024), "megabyte");
}
