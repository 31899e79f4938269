// Step through the prepared walks: what is done is shown, what is to come has no number yet.
"use strict";

const page = document.querySelector(".walks");
const [cell, step] = ["select", "input"].map((control) => page.querySelector(control));
const [back, on] = page.querySelectorAll("button");
const NEAR = 80; // pixels
const walks = [...page.querySelectorAll(".walk")];

function show() {
  walks.forEach((walk, i) => (walk.hidden = i !== cell.selectedIndex));
  const walk = walks[cell.selectedIndex];
  const said = JSON.parse(walk.dataset.steps);
  const done = Math.min(Number(step.value), said.length - 1);
  step.max = said.length - 1;
  step.value = done;
  step.setAttribute("aria-valuetext", said[done]);
  page.querySelector(".said").textContent = said[done];
  for (const vertex of walk.querySelectorAll("[class*=step-]")) {
    const number = Number(vertex.getAttribute("class").match(/step-(\d+)/)[1]);
    vertex.classList.toggle("later", number > done);
    vertex.classList.toggle("now", number === done && done > 0);
  }
  follow(walk.querySelector(".graph"), walk.querySelector(`.step-${Math.max(done, 1)}`));
  back.disabled = done === 0;
  on.disabled = done === said.length - 1;
}

// Scroll a graph in its box, and nothing else, until a vertex and its neighbours are to be seen.
function follow(graph, vertex) {
  const [box, at] = [graph, vertex].map((part) => part.getBoundingClientRect());
  const by = (low, high, from, to) => Math.min(0, low - NEAR - from) || Math.max(0, high + NEAR - to);
  graph.scrollBy(by(at.left, at.right, box.left, box.right), by(at.top, at.bottom, box.top, box.bottom));
}

function move(by) {
  step.value = Number(step.value) + by;
  show();
}

cell.addEventListener("change", () => {
  step.value = 0;
  show();
});
step.addEventListener("input", show);
back.addEventListener("click", () => move(-1));
on.addEventListener("click", () => move(1));
show();
