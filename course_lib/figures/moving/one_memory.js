// The memory of an LSTM's unit, c_t = f c_{t-1} + i, with the input gate open at the pulses alone.
([f, i], { steps, pulses }) => {
  const c = [];
  for (let t = 1; t <= steps; t++) {
    c.push(f * (c.at(-1) ?? 0) + (pulses.includes(t) ? i : 0));
  }
  const left = f ** (pulses[1] - 1 - pulses[0]);
  const lasts = f === 1 ? "for ever" : `about ${(1 / (1 - f)).toFixed(0)} step${f < 1 / 3 ? "" : "s"}`;
  return {
    lines: { memory: c },
    told: `Remembers ${lasts}. ${(100 * left).toFixed(0)}\u00a0% of the first pulse is left when the second comes.`,
  };
}
