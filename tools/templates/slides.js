// One slide at a time: arrow keys, page keys, space, Home and End, swipes and the two buttons. Without it all are shown.
"use strict";
const slides = [...document.querySelectorAll(".slide")];
const [previous, next, place] = ["previous", "next", "place"].map((name) => document.getElementById(name));
let current = 0;

function show(wanted) {
  current = Math.min(Math.max(wanted, 0), slides.length - 1);
  slides.forEach((slide, number) => slide.classList.toggle("current", number === current));
  previous.disabled = current === 0;
  next.disabled = current === slides.length - 1;
  place.textContent = `${current + 1} / ${slides.length}`;
  if (location.hash !== `#${current + 1}`) history.replaceState(null, "", `#${current + 1}`);
  scrollTo(0, 0);
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1, PageDown: 1, PageUp: -1, " ": 1, Home: -slides.length, End: slides.length };
addEventListener("keydown", (event) => {
  const pressed = event.target.closest("button") && event.key === " ";
  if (!(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey || pressed) return;
  event.preventDefault();
  show(current + STEPS[event.key]);
});

let start = null;
addEventListener("touchstart", (event) => {
  start = event.touches.length === 1 ? event.touches[0] : null;
}, { passive: true });
addEventListener("touchend", (event) => {
  if (!start) return;
  const end = event.changedTouches[0];
  const [across, down] = [end.clientX - start.clientX, end.clientY - start.clientY];
  if (Math.abs(across) > 48 && Math.abs(across) > 1.5 * Math.abs(down)) show(current - Math.sign(across));
  start = null;
}, { passive: true });

previous.addEventListener("click", () => show(current - 1));
next.addEventListener("click", () => show(current + 1));
addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1 || 0));
document.documentElement.classList.add("one");
show(Number(location.hash.slice(1)) - 1 || 0);
