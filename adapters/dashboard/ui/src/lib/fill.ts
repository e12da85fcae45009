// fill puts values where a text has their names in braces. A name without a value stays as it is, so
// that a mistake is seen.
export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => (name in values ? String(values[name]) : all));
}
