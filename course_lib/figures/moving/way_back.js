// The largest singular value of dh_T/dh_{T-k} for k = 0 … T, and the bound sigma^k. Matrices are
// stored row after row: this is computed anew at each move, and has to be quick.
([radius], { networks, inputs, scales, steps }) => {
  // The last states of h_t = tanh(x_t W_xh + h_{t-1} W_hh).
  function states({ W_xh, W_hh }, sequence, scale) {
    let h = new Float64Array(W_hh.length);
    const all = sequence.map((x_t) => {
      const a = new Float64Array(h.length);
      W_xh.forEach((row, i) => row.forEach((w, j) => (a[j] += scale * x_t[i] * w)));
      W_hh.forEach((row, i) => row.forEach((w, j) => (a[j] += radius * h[i] * w)));
      return (h = a.map(Math.tanh));
    });
    return all.slice(-steps);
  }

  // One step further back: times J_t = diag(1 - h_t²) W_hhᵀ.
  function times(product, h_t, transposed) {
    const n = h_t.length;
    const next = new Float64Array(n * n);
    for (let row = 0; row < n * n; row += n) {
      for (let j = 0; j < n; j++) {
        const factor = product[row + j] * radius * (1 - h_t[j] * h_t[j]);
        for (let i = 0; i < n; i++) next[row + i] += factor * transposed[j * n + i];
      }
    }
    return next;
  }

  // The largest singular value, by power iteration. A little of every direction is in its start,
  // or it would stay where it was when another direction becomes the largest.
  function largest(product, direction) {
    const n = direction.length;
    direction.forEach((_, j) => (direction[j] += 0.05 * (1 + (j % 5))));
    let [size, before] = [0, -1];
    while (Math.abs(size - before) > 1e-4 * size) {
      const there = new Float64Array(n);
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < n; i++) there[i] += direction[j] * product[j * n + i];
      }
      const length = Math.hypot(...there);
      before = size;
      for (let j = 0; j < n; j++) {
        direction[j] = 0;
        for (let i = 0; i < n; i++) direction[j] += (product[j * n + i] * there[i]) / length;
      }
      size = Math.hypot(...direction);
      for (let j = 0; j < n; j++) direction[j] /= size;
    }
    return size;
  }

  function norms(network, sequence, scale) {
    const n = network.W_hh.length;
    const transposed = Float64Array.from({ length: n * n }, (_, at) => network.W_hh[at % n][Math.floor(at / n)]);
    let product = Float64Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) === 0));
    const direction = new Float64Array(n);
    const found = [1];
    for (const h_t of states(network, sequence, scale).reverse()) {
      product = times(product, h_t, transposed);
      found.push(largest(product, direction));
    }
    return found;
  }

  // As `brief` of course_lib.figures.numbers: 0.085, 3 × 10⁻¹².
  const raised = (digits) => [...digits].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("");
  function brief(x) {
    if (x >= 0.01 && x < 100000) return Number(x.toPrecision(2)).toLocaleString("en");
    const [first, exponent] = x.toExponential(0).replace("+", "").split("e");
    return `${first === "1" ? "" : `${first}\u00a0×\u00a0`}10${raised(exponent)}`;
  }
  const lines = {};
  const told = Object.entries(scales).map(([name, scale]) => {
    const ends = Object.entries(networks).map(([kind, network]) => {
      const runs = inputs.map((sequence) => norms(network, sequence, scale));
      const means = runs[0].map((_, k) =>
        Math.exp(runs.reduce((sum, run) => sum + Math.log(run[k]), 0) / runs.length),
      );
      lines[`${name}-${kind}`] = means;
      return `${kind.replace("gaussian", "Gaussian")} ${brief(means.at(-1))}`;
    });
    lines[`${name}-bound`] = lines[`${name}-gaussian`].map((_, k) => (radius * networks.gaussian.sigma) ** k);
    return `${name} inputs: ${ends.join(", ")}`;
  });
  return { lines, told: `What is left ${steps} steps back. With ${told.join("; with ")}.` };
}
