// One unit after a single 1 at the first step: h_t = tanh(w h_{t-1} + x_t).
([w], { steps, level }) => {
  const h = [];
  for (let t = 1; t <= steps; t++) {
    h.push(Math.tanh(w * (h.at(-1) ?? 0) + (t === 1 ? 1 : 0)));
  }
  const kept = h.findLastIndex((state) => Math.abs(state) >= level) + 1;
  return {
    lines: { states: h, stems: h.flatMap((state) => [0, state, 0]) },
    told: kept === steps ? "Still there after the last step." : `Gone after ${kept} step${kept > 1 ? "s" : ""}.`,
  };
}
