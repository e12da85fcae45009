// Which browser on which system, as people call them, from what a browser says of itself.

const browsers: [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\//, "Edge"], [/OPR\//, "Opera"], [/(?:Firefox|FxiOS)\//, "Firefox"],
  [/(?:Chrome|CriOS)\//, "Chrome"], [/Safari\//, "Safari"], [/curl\//, "curl"],
];
const systems: [RegExp, string][] = [
  [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"],
];

// deviceName is "Firefox · Linux", or what the browser said where that is nothing known.
export function deviceName(agent: string): string {
  const names = [browsers, systems].map((known) => known.find(([sign]) => sign.test(agent))?.[1]);
  return names.filter(Boolean).join(" · ") || agent.slice(0, 60);
}
