// Put the pieces of a lecture on slides: measure, and begin a new slide where one does not fit.
"use strict";

const [WIDTH, HEIGHT] = [1280, 720];
const LABEL = 0.02002 * HEIGHT; // pixels of the smallest label in a picture
const [NEW, LOOSE, CLOSE, FIRM] = [0, 1, 2, 3];
const WORDS_BESIDE = 380; // pixels that words beside a picture need

// What slides cost, as many as one that is full: cutting a bond, a picture once more, being empty.
const [CUT, AGAIN, EMPTY] = [[0, 0, 0.5, 4], 0.8, 1];

/** Return the width and height of a picture, and of its smallest label, at its own size. */
function own(image, label) {
  const source = image.src.startsWith("data:image/svg+xml,") ? decodeURIComponent(image.src) : "";
  if (!source) return { width: image.naturalWidth, height: image.naturalHeight, label: Number(label) };
  const [, width, height] = source.match(/viewBox=["'][-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)/).map(Number);
  const sizes = [...source.matchAll(/<text[^>]*?font-size=["']([\d.]+)/g)].map((found) => Number(found[1]));
  return { width, height, label: Math.min(...sizes) };
}

/** Return a piece as what may stand on different slides: words, a picture, printed text. */
function read(piece) {
  const [notes, bond, seconds] = [
    [...piece.querySelectorAll(".notes p")].map((note) => note.textContent),
    Number(piece.dataset.bond),
    Number(piece.dataset.seconds),
  ];
  piece.querySelector(".notes").remove();
  const made = [];
  const prose = Boolean(piece.querySelector(".text_cell"));
  const add = (content) => made.push({ prose, notes: [], bond: CLOSE, seconds: 0, words: element("piece"), ...content });
  const outputs = [...piece.querySelectorAll(".output_area")];
  outputs.forEach((output) => output.remove());
  const code = piece.textContent.trim();
  if (code && !piece.dataset.proof) add({ words: piece });
  for (const output of outputs) {
    const image = output.querySelector("img");
    if (image) {
      add({ picture: { ...own(image, piece.dataset.label), source: image.src, alt: image.alt } });
    } else add({ bond: made.at(-1)?.picture ? CLOSE : FIRM, words: element("piece", [output]) });
  }
  if (code && piece.dataset.proof) add({ words: piece });
  Object.assign(made[0], { notes, bond, seconds });
  return made;
}

function element(name, content = []) {
  const made = document.createElement("div");
  made.className = name;
  made.append(...content);
  return made;
}

/** Draw a part of a picture, or all of it, at a scale. */
function draw({ source, alt, width, height, part }, scale) {
  const image = new Image(width * scale, height * scale);
  Object.assign(image, { src: source, alt: part ? `${alt} (${part.name})` : alt });
  image.dataset.label = scale;
  if (!part) return element("picture", [image]);
  const frame = element("window", [image]);
  frame.style.cssText = `width: ${part.width * scale}px; height: ${part.height * scale}px`;
  image.style.cssText = `left: ${-part.x * scale}px; top: ${-part.y * scale}px`;
  return element("picture", [frame]);
}

const [INNER, TALL] = [WIDTH - 80, HEIGHT - 24];
const ruler = element("page");

/** Return the height of words of a width; no height is enough where a line does not fit. */
function height(pieces, width) {
  const words = element("words", pieces.map((piece) => piece.words));
  words.style.width = `${width}px`;
  words.style.display = "flow-root";
  ruler.replaceChildren(words);
  const code = [...words.querySelectorAll(".input pre, .output_text pre")];
  const wraps = width < INNER && code.some((pre) => {
    pre.style.whiteSpace = "pre";
    const cut = pre.scrollWidth > pre.clientWidth + 1;
    pre.style.whiteSpace = "";
    return cut;
  });
  const tooWide = words.scrollWidth > Math.ceil(width) + 21; // code reaches 20 further, see the style
  return wraps || tooWide ? Infinity : words.offsetHeight;
}

/** Return how pieces are set on one slide, or null if they do not fit. */
function set(pieces) {
  const pictures = pieces.filter((piece) => piece.picture);
  if (pictures.length > 1) return null;
  if (!pictures.length) {
    const full = height(pieces, INNER) / TALL;
    return full <= 1 ? { pieces, full } : null;
  }
  const { picture } = pictures[0];
  const seen = picture.part ?? picture;
  const least = LABEL / picture.label;
  const most = Math.min(2.4 * least, TALL / seen.height, (INNER + 60) / seen.width);
  if (most < least * 0.999) return null;
  for (let scale = most; ; scale = Math.max(scale * 0.93, least)) {
    const words = INNER - 28 - seen.width * scale;
    const room = pieces.length > 1 && words >= WORDS_BESIDE;
    if (room && height(pieces, words) <= TALL) return { pieces, full: 1, picture, scale, beside: true };
    if (height(pieces, INNER) + seen.height * scale <= TALL + 0.5) return { pieces, full: 1, picture, scale };
    if (scale <= least) return null;
  }
}

/** Return a slide. */
function slide({ pieces, picture, scale, beside }) {
  const page = document.createElement("section");
  page.className = "page";
  const words = element("words", pieces.map((piece) => piece.words));
  if (!picture) page.append(words);
  else if (beside) page.append(element("beside", [words, draw(picture, scale)]));
  else {
    const place = pieces.findIndex((piece) => piece.picture);
    const after = element("words", pieces.slice(place + 1).map((piece) => piece.words));
    page.append(element("stacked", [words, draw(picture, scale), after]));
  }
  const notes = pieces.flatMap((piece) => piece.notes);
  if (notes.length) {
    const aside = document.createElement("aside");
    aside.className = "notes";
    aside.append(...notes.map((note) => Object.assign(document.createElement("p"), { textContent: note })));
    page.append(aside);
  }
  const seconds = pieces.reduce((sum, piece) => sum + piece.seconds, 0);
  if (seconds) page.dataset.timing = Math.round(seconds);
  return page;
}

/** Cut a picture that is too large to be read on one slide into parts that overlap. */
function parts(picture) {
  const scale = LABEL / picture.label;
  const [width, height] = [(INNER + 60) / scale, TALL / scale];
  if (picture.width <= width && picture.height <= height) return [picture];
  const columns = Math.ceil(picture.width / width - 0.001); // what stands side by side is divided
  const rows = Math.ceil(picture.height / height - 0.001); // what stands in a tree overlaps
  const part = { width: picture.width / columns, height: Math.min(height, picture.height) };
  const cut = [];
  for (let column = 0; column < columns; column += 1) {
    for (let row = rows - 1; row >= 0; row -= 1) {
      const y = row && ((picture.height - part.height) * row) / (rows - 1);
      cut.push({ ...part, x: column * part.width, y });
    }
  }
  return cut.map((part, i) => ({ ...picture, part: { ...part, name: `part ${i + 1} of ${cut.length}` } }));
}

/** Return a table that is too tall as several, each with the head. */
function rows(piece) {
  const table = piece.words.querySelector("table");
  if (!table || set([piece])) return [piece];
  const all = [...table.tBodies[0].rows];
  const half = Math.ceil(all.length / 2);
  const second = piece.words.cloneNode(true);
  all.slice(half).forEach((row) => row.remove());
  [...second.querySelectorAll("tbody tr")].slice(0, half).forEach((row) => row.remove());
  return [piece, { words: second, notes: [], bond: CLOSE, seconds: 0 }].flatMap(rows);
}

/** Return pieces with each picture or table that is too large as several. */
function divided(pieces) {
  return pieces.flatMap((piece) => {
    if (!piece.picture) return rows(piece);
    const [first, ...others] = parts(piece.picture);
    const more = others.map((picture) => ({ picture, notes: [], bond: CLOSE, seconds: 0, words: element("piece") }));
    return [{ ...piece, picture: first }, ...more];
  });
}

/** Distribute the pieces over slides so that it costs least, see CUT. */
function distribute(pieces) {
  const best = [...pieces.map(() => ({ cost: Infinity })), { cost: 0, pages: [] }];
  for (let start = pieces.length - 1; start >= 0; start -= 1) {
    const consider = (page, end, cost) => {
      const sum = 1 + EMPTY * (1 - page.full) ** 2 + cost + best[end].cost;
      if (sum < best[start].cost) best[start] = { cost: sum, pages: [page, ...best[end].pages] };
    };
    for (const copy of start ? [[], again(pieces, start)] : [[]]) {
      const cost = copy.length ? AGAIN : start && CUT[pieces[start].bond];
      for (let end = start + 1; end <= pieces.length; end += 1) {
        const page = set([...copy, ...pieces.slice(start, end)]);
        if (!page) break;
        consider(page, end, cost);
      }
    }
    if (best[start].cost === Infinity) {
      console.error("larger than a slide:", pieces[start].words.textContent);
      consider({ pieces: [pieces[start]], full: 1 }, start + 1, 0);
    }
  }
  return best[0].pages;
}

/** Return the picture that the words after a cut still speak of, to be shown once more. */
function again(pieces, end) {
  const place = pieces.slice(0, end).findLastIndex((piece) => piece.picture);
  if (place < 0 || !pieces[end].prose) return [];
  if (pieces.slice(place + 1, end + 1).some((piece) => piece.bond < CLOSE)) return [];
  return [{ ...pieces[place], notes: [], seconds: 0 }];
}

async function start() {
  await MathJax.startup.promise;
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  const slides = document.querySelector(".slides");
  ruler.style.cssText = "position: absolute; visibility: hidden; display: block";
  slides.append(ruler);
  const pieces = [...document.querySelectorAll(".piece")];
  ruler.append(...pieces);
  await MathJax.typesetPromise([ruler]);
  const all = pieces.flatMap(read);
  ruler.replaceChildren();
  const chapters = [];
  for (let i = 0; i < all.length; i += 1) {
    if (all[i].bond === NEW) chapters.push([]);
    chapters.at(-1).push(all[i]);
  }
  const made = chapters.map((chapter) => distribute(divided(chapter)));
  ruler.remove();
  document.querySelector("#pieces").remove();
  for (const pages of made) {
    const chapter = document.createElement("section");
    chapter.append(...pages.map(slide));
    slides.append(chapter);
  }
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await Reveal.initialize({
    width: WIDTH, height: HEIGHT, margin: 0, center: false, hash: true, slideNumber: "c",
    transition: "none", controls: false, pdfMaxPagesPerSlide: 1, navigationMode: "linear", plugins: [RevealNotes],
    totalTime: Math.round(all.reduce((sum, piece) => sum + piece.seconds, 0)),
  });
  document.body.dataset.ready = "yes";
}
