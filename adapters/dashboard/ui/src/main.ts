import "../../../hosted/assets/tokens.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { speak } from "./lib/words.svelte";
import { applyTheme } from "./lib/theme.svelte";

applyTheme();
await speak();
mount(App, { target: document.getElementById("app")! });
