"""Forty right answers to four exercises, each thought out by itself."""

CLIP = [
    """
def clip_by_global_norm(grads, max_norm):
    total = 0.0
    for key in grads:
        total += (grads[key] ** 2).sum()
    norm = total ** 0.5
    if norm <= max_norm:
        return dict(grads), norm
    return {key: grads[key] * (max_norm / norm) for key in grads}, norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    flat = np.concatenate([g.ravel() for g in grads.values()])
    norm = float(np.linalg.norm(flat))
    scale = 1.0
    if norm > max_norm:
        scale = max_norm / norm
    out = {}
    for name, g in grads.items():
        out[name] = scale * g
    return out, norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    squares = [np.vdot(g, g) for g in grads.values()]
    norm = np.sqrt(np.sum(squares))
    ratio = np.minimum(1, max_norm / np.maximum(norm, 1e-300))
    return dict(zip(grads, [ratio * g for g in grads.values()])), norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    import math
    norm = math.sqrt(sum(float(np.square(g).sum()) for g in grads.values()))
    clipped = {k: v.copy() for k, v in grads.items()}
    if norm > max_norm:
        for k in clipped:
            clipped[k] *= max_norm / norm
    return clipped, norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    norms = np.array([np.linalg.norm(g) for g in grads.values()])
    norm = np.linalg.norm(norms)
    too_long = norm > max_norm
    return {n: (g / norm * max_norm if too_long else g) for n, g in grads.items()}, norm
""",
    """
def joint_norm(arrays):
    return np.sqrt(sum((a * a).sum() for a in arrays))


def clip_by_global_norm(grads, max_norm):
    norm = joint_norm(grads.values())
    if norm == 0 or norm < max_norm:
        factor = 1
    else:
        factor = max_norm / norm
    return {name: g * factor for name, g in grads.items()}, norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    from functools import reduce
    norm = np.sqrt(reduce(lambda acc, g: acc + np.tensordot(g, g, g.ndim), grads.values(), 0.0))
    divide_by = max(norm / max_norm, 1.0)
    result = {}
    for item in grads.items():
        result[item[0]] = item[1] / divide_by
    return result, norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    names = sorted(grads)
    norm = 0
    for name in names:
        for value in np.nditer(grads[name]):
            norm = np.hypot(norm, value)
    shrink = max_norm / norm if norm > max_norm else 1
    return {name: shrink * grads[name] for name in names}, float(norm)
""",
    """
def clip_by_global_norm(grads, max_norm):
    keys, values = zip(*grads.items())
    norm = sum(np.linalg.norm(v) ** 2 for v in values) ** 0.5
    with np.errstate(divide="ignore"):
        s = min(1.0, float(np.divide(max_norm, norm)))
    return {k: np.multiply(s, v) for k, v in zip(keys, values)}, norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    biggest = max(np.abs(g).max() for g in grads.values())
    if biggest == 0:
        return {k: 1.0 * g for k, g in grads.items()}, 0.0
    norm = biggest * np.sqrt(sum(((g / biggest) ** 2).sum() for g in grads.values()))
    if norm > max_norm:
        return {k: max_norm * (g / norm) for k, g in grads.items()}, norm
    return {k: 1.0 * g for k, g in grads.items()}, norm
""",
]

GRU = [
    """
def gru_step(x_t, h_prev, params):
    p = params
    r = 1 / (1 + np.exp(-(x_t @ p["W_xr"] + h_prev @ p["W_hr"] + p["b_r"])))
    z = 1 / (1 + np.exp(-(x_t @ p["W_xz"] + h_prev @ p["W_hz"] + p["b_z"])))
    c = np.tanh(x_t @ p["W_xh"] + (r * h_prev) @ p["W_hh"] + p["b_h"])
    return (1 - z) * c + z * h_prev
""",
    """
def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))

def gru_step(x_t, h_prev, params):
    reset = sigmoid(np.dot(x_t, params["W_xr"]) + np.dot(h_prev, params["W_hr"]) + params["b_r"])
    update = sigmoid(np.dot(x_t, params["W_xz"]) + np.dot(h_prev, params["W_hz"]) + params["b_z"])
    seen = reset * h_prev
    new = np.tanh(np.dot(x_t, params["W_xh"]) + np.dot(seen, params["W_hh"]) + params["b_h"])
    return new + update * (h_prev - new)
""",
    """
def gru_step(x_t, h_prev, params):
    def pre(letter, state):
        return x_t @ params["W_x" + letter] + state @ params["W_h" + letter] + params["b_" + letter]
    r, z = (1 / (1 + np.exp(-pre(letter, h_prev))) for letter in "rz")
    candidate = np.tanh(pre("h", r * h_prev))
    return z * h_prev + (1 - z) * candidate
""",
    """
def gru_step(x_t, h_prev, params):
    n = h_prev.shape[1]
    W_x = np.hstack([params["W_xr"], params["W_xz"]])
    W_h = np.hstack([params["W_hr"], params["W_hz"]])
    b = np.concatenate([params["b_r"], params["b_z"]])
    gates = 1 / (1 + np.exp(-(x_t @ W_x + h_prev @ W_h + b)))
    r, z = gates[:, :n], gates[:, n:]
    h_new = np.tanh(x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"])
    return z * h_prev + h_new - z * h_new
""",
    """
def gru_step(x_t, h_prev, params):
    a_r = x_t @ params["W_xr"]
    a_r = a_r + h_prev @ params["W_hr"]
    a_r = a_r + params["b_r"]
    r = gate_of(a_r)
    a_z = x_t @ params["W_xz"]
    a_z = a_z + h_prev @ params["W_hz"]
    a_z = a_z + params["b_z"]
    z = gate_of(a_z)
    a_h = x_t @ params["W_xh"]
    a_h = a_h + (r * h_prev) @ params["W_hh"]
    a_h = a_h + params["b_h"]
    keep = z * h_prev
    add = (1.0 - z) * np.tanh(a_h)
    return keep + add


def gate_of(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-abs(a))), np.exp(-abs(a)) / (1 + np.exp(-abs(a))))
""",
    """
def gru_step(x_t, h_prev, params):
    sig = lambda a: 1.0 / (1.0 + np.exp(-a))
    z = sig(np.matmul(x_t, params["W_xz"]) + np.matmul(h_prev, params["W_hz"]) + params["b_z"])
    r = sig(np.matmul(x_t, params["W_xr"]) + np.matmul(h_prev, params["W_hr"]) + params["b_r"])
    seen = np.matmul(h_prev * r, params["W_hh"])
    h = np.tanh(params["b_h"] + np.matmul(x_t, params["W_xh"]) + seen)
    return np.where(z == 1, h_prev, h + z * (h_prev - h))
""",
    """
def gru_step(x_t, h_prev, params):
    ones = np.ones((len(x_t), 1))
    both = np.concatenate([x_t, h_prev, ones], axis=1)
    stacked = {}
    for k in "rzh":
        stacked[k] = np.vstack([params["W_x" + k], params["W_h" + k], params["b_" + k]])
    r = 1 / (1 + np.exp(-both @ stacked["r"]))
    z = 1 / (1 + np.exp(-both @ stacked["z"]))
    reset = np.concatenate([x_t, r * h_prev, ones], axis=1)
    return z * h_prev + (1 - z) * np.tanh(reset @ stacked["h"])
""",
    """
def gru_step(x_t, h_prev, params):
    h_t = np.empty_like(h_prev * params["W_hh"][0])
    for b in range(len(x_t)):
        x, h = x_t[b], h_prev[b]
        r = 1 / (1 + np.exp(-(x @ params["W_xr"] + h @ params["W_hr"] + params["b_r"])))
        z = 1 / (1 + np.exp(-(x @ params["W_xz"] + h @ params["W_hz"] + params["b_z"])))
        candidate = np.tanh(x @ params["W_xh"] + (r * h) @ params["W_hh"] + params["b_h"])
        h_t[b] = z * h + (1 - z) * candidate
    return h_t
""",
    """
def gru_step(x_t, h_prev, params):
    W_xr, W_hr, b_r = params["W_xr"], params["W_hr"], params["b_r"]
    W_xz, W_hz, b_z = params["W_xz"], params["W_hz"], params["b_z"]
    W_xh, W_hh, b_h = params["W_xh"], params["W_hh"], params["b_h"]
    r = expit(x_t @ W_xr + h_prev @ W_hr + b_r)
    z = expit(x_t @ W_xz + h_prev @ W_hz + b_z)
    return z * h_prev + (1 - z) * np.tanh(x_t @ W_xh + (r * h_prev) @ W_hh + b_h)


def expit(x):
    return np.exp(-np.logaddexp(0, -x))
""",
    """
def gru_step(x_t, h_prev, params):
    r = np.reciprocal(1 + np.exp(-np.einsum("bm,mn->bn", x_t, params["W_xr"])
                                 - np.einsum("bk,kn->bn", h_prev, params["W_hr"]) - params["b_r"]))
    z = np.reciprocal(1 + np.exp(-np.einsum("bm,mn->bn", x_t, params["W_xz"])
                                 - np.einsum("bk,kn->bn", h_prev, params["W_hz"]) - params["b_z"]))
    new = np.tanh(np.einsum("bm,mn->bn", x_t, params["W_xh"])
                  + np.einsum("bk,bk,kn->bn", r, h_prev, params["W_hh"]) + params["b_h"])
    out = np.zeros(h_prev.shape)
    out += z * h_prev
    out += new
    out -= z * new
    return out
""",
]

TRUNCATED = [
    """
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    total = 0.0
    grads = {k: np.zeros(v.shape) for k, v in params.items()}
    h = h_0
    t = 0
    while t < T:
        end = min(t + window, T)
        loss, g, h = loss_and_gradients(params, x[:, t:end], labels[:, t:end], h)
        weight = (end - t) / T
        total += weight * loss
        for k in grads:
            grads[k] += weight * g[k]
        t = end
    return total, grads, h
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    starts = np.arange(0, T, window)
    losses, gradients, lengths, h = [], [], [], h_0
    for s in starts:
        part_x = x[:, s : s + window]
        part_y = labels[:, s : s + window]
        l, g, h = loss_and_gradients(params, part_x, part_y, h)
        losses.append(l)
        gradients.append(g)
        lengths.append(part_x.shape[1])
    w = np.array(lengths) / T
    loss = float(np.dot(w, losses))
    mean = {k: sum(wi * gi[k] for wi, gi in zip(w, gradients)) for k in params}
    return loss, mean, h
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    if x.shape[1] <= window:
        return loss_and_gradients(params, x, labels, h_0)
    T = x.shape[1]
    first, g_first, h = loss_and_gradients(params, x[:, :window], labels[:, :window], h_0)
    rest, g_rest, h_last = truncated_bptt(params, x[:, window:], labels[:, window:], h, window)
    a = window / T
    grads = {k: a * g_first[k] + (1 - a) * g_rest[k] for k in params}
    return a * first + (1 - a) * rest, grads, h_last
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    cuts = list(range(window, x.shape[1], window))
    xs, ys = np.split(x, cuts, axis=1), np.split(labels, cuts, axis=1)
    h = h_0
    loss = 0
    grads = dict.fromkeys(params, 0)
    for piece, target in zip(xs, ys):
        piece_loss, piece_grads, h = loss_and_gradients(params, piece, target, h)
        loss = loss + piece_loss * piece.shape[1]
        grads = {k: grads[k] + piece_grads[k] * piece.shape[1] for k in grads}
    return loss / x.shape[1], {k: g / x.shape[1] for k, g in grads.items()}, h
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    batch, T, _ = x.shape
    state = np.array(h_0)
    loss_sum = 0.0
    sums = {}
    for number in range(-(-T // window)):
        lo, hi = number * window, (number + 1) * window
        result = loss_and_gradients(params, x[:, lo:hi], labels[:, lo:hi], state)
        count = labels[:, lo:hi].size
        loss_sum += result[0] * count
        state = result[2]
        for name, value in result[1].items():
            sums[name] = sums.get(name, 0) + value * count
    for name in sums:
        sums[name] = sums[name] / (batch * T)
    return loss_sum / (batch * T), sums, state
""",
    """
def windows_of(T, K):
    begin = 0
    while begin < T:
        yield begin, min(T, begin + K)
        begin += K


def truncated_bptt(params, x, labels, h_0, window):
    carried, steps = h_0, x.shape[1]
    loss = 0.0
    grads = {n: 0.0 * w for n, w in params.items()}
    for i, j in windows_of(steps, window):
        part, d, carried = loss_and_gradients(params, x[:, i:j], labels[:, i:j], carried)
        loss += part * (j - i)
        for n in d:
            grads[n] = grads[n] + d[n] * (j - i)
    return loss / steps, {n: d / steps for n, d in grads.items()}, carried
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    from itertools import count, takewhile
    T = x.shape[1]
    h, out = h_0, []
    for a in takewhile(lambda s: s < T, count(0, window)):
        idx = np.arange(a, min(a + window, T))
        one = loss_and_gradients(params, np.take(x, idx, axis=1), np.take(labels, idx, axis=1), h)
        h = one[-1]
        out.append((len(idx) / T, *one))
    return (
        sum(w * l for w, l, _, _ in out),
        {k: np.sum([w * g[k] for w, _, g, _ in out], axis=0) for k in params},
        h,
    )
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    whole, left = divmod(T, window)
    sizes = [window] * whole + ([left] if left else [])
    h_last = h_0
    loss = 0.0
    grads = None
    position = 0
    for size in sizes:
        xs = x[:, position : position + size]
        ls = labels[:, position : position + size]
        position += size
        l, g, h_last = loss_and_gradients(params, xs, ls, h_last)
        scaled = {key: g[key] * size / T for key in g}
        loss += l * size / T
        if grads is None:
            grads = scaled
        else:
            grads = {key: grads[key] + scaled[key] for key in grads}
    return loss, grads, h_last
""",
    """
class Sum:
    def __init__(self):
        self.loss, self.grads = 0.0, {}

    def add(self, loss, grads, weight):
        self.loss += weight * loss
        for k, g in grads.items():
            self.grads[k] = weight * g if k not in self.grads else self.grads[k] + weight * g


def truncated_bptt(params, x, labels, h_0, window):
    acc, h = Sum(), h_0
    for t in range(0, x.shape[1], window):
        chunk = np.s_[:, t : t + window]
        l, g, h = loss_and_gradients(params, x[chunk], labels[chunk], h)
        acc.add(l, g, labels[chunk].shape[1] / labels.shape[1])
    return acc.loss, acc.grads, h
""",
    """
def truncated_bptt(params, x, labels, h_0, window):
    T = np.shape(x)[1]
    h_last = h_0.copy()
    names = list(params)
    totals = [np.zeros_like(params[n]) for n in names]
    loss = 0
    for k in range(T):
        if k % window != 0:
            continue
        stop = k + window if k + window < T else T
        this_loss, this_grads, h_last = loss_and_gradients(
            params, x[:, k:stop, :], labels[:, k:stop], h_last)
        loss += this_loss * (stop - k)
        for i, n in enumerate(names):
            totals[i] += this_grads[n] * (stop - k)
    grads = {}
    for i, n in enumerate(names):
        grads[n] = totals[i] / T
    return loss / T, grads, h_last
""",
]

LSTM = [
    """
def lstm_step(x_t, h_prev, c_prev, params):
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))
    i = sigmoid(x_t @ params["W_xi"] + h_prev @ params["W_hi"] + params["b_i"])
    f = sigmoid(x_t @ params["W_xf"] + h_prev @ params["W_hf"] + params["b_f"])
    o = sigmoid(x_t @ params["W_xo"] + h_prev @ params["W_ho"] + params["b_o"])
    g = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * g
    h_t = o * np.tanh(c_t)
    cache = dict(x_t=x_t, h_prev=h_prev, c_prev=c_prev, i=i, f=f, o=o, candidate=g, c_t=c_t)
    return h_t, c_t, cache
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    pre = {}
    for k in "ifoc":
        pre[k] = x_t @ params[f"W_x{k}"] + h_prev @ params[f"W_h{k}"] + params[f"b_{k}"]
    i, f, o = (1 / (1 + np.exp(-pre[k])) for k in "ifo")
    candidate = np.tanh(pre["c"])
    c_t = i * candidate + f * c_prev
    h_t = np.tanh(c_t) * o
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev}
    cache.update(i=i, f=f, o=o, candidate=candidate, c_t=c_t)
    return h_t, c_t, cache
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    n = h_prev.shape[-1]
    W = np.concatenate([np.vstack((params["W_x" + k], params["W_h" + k])) for k in "ifoc"], axis=1)
    b = np.concatenate([params["b_" + k] for k in "ifoc"])
    a = np.hstack((x_t, h_prev)) @ W + b
    s = 1.0 / (1.0 + np.exp(-a[:, : 3 * n]))
    i, f, o = np.split(s, 3, axis=1)
    u = np.tanh(a[:, 3 * n :])
    c_t = c_prev * f + u * i
    h_t = o * np.tanh(c_t)
    names = ("x_t", "h_prev", "c_prev", "i", "f", "o", "candidate", "c_t")
    return h_t, c_t, dict(zip(names, (x_t, h_prev, c_prev, i, f, o, u, c_t)))
""",
    """
def squash(a):
    return np.exp(-np.logaddexp(0.0, -a))


def lstm_step(x_t, h_prev, c_prev, params):
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev}
    for name in ("i", "f", "o"):
        weights_x, weights_h = params["W_x" + name], params["W_h" + name]
        total = np.dot(x_t, weights_x) + np.dot(h_prev, weights_h)
        cache[name] = squash(total + params["b_" + name])
    cache["candidate"] = np.tanh(
        np.dot(x_t, params["W_xc"]) + np.dot(h_prev, params["W_hc"]) + params["b_c"])
    cache["c_t"] = cache["f"] * c_prev + cache["i"] * cache["candidate"]
    return cache["o"] * np.tanh(cache["c_t"]), cache["c_t"], cache
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    def layer(k, activation):
        z = params["b_" + k] + x_t @ params["W_x" + k]
        z += h_prev @ params["W_h" + k]
        return activation(z)

    def logistic(z):
        return (1 + np.tanh(z / 2)) / 2

    forget = layer("f", logistic)
    write = layer("i", logistic)
    show = layer("o", logistic)
    what = layer("c", np.tanh)
    memory = forget * c_prev
    memory = memory + write * what
    state = show * np.tanh(memory)
    kept = {"i": write, "f": forget, "o": show, "candidate": what, "c_t": memory,
            "x_t": x_t, "h_prev": h_prev, "c_prev": c_prev}
    return state, memory, kept
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    batch, n = h_prev.shape
    gates = np.empty((4, batch, n))
    for row, k in enumerate(["i", "f", "o", "c"]):
        gates[row] = x_t @ params["W_x%s" % k]
        gates[row] += h_prev @ params["W_h%s" % k]
        gates[row] += params["b_%s" % k]
    gates[:3] = 1 / (1 + np.exp(-gates[:3]))
    gates[3] = np.tanh(gates[3])
    i, f, o, candidate = gates
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    keep = ["x_t", "h_prev", "c_prev", "i", "f", "o", "candidate", "c_t"]
    here = locals()
    return h_t, c_t, {name: here[name] for name in keep}
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    rows = []
    for x, h, c in zip(x_t, h_prev, c_prev):
        i = 1 / (1 + np.exp(-(x @ params["W_xi"] + h @ params["W_hi"] + params["b_i"])))
        f = 1 / (1 + np.exp(-(x @ params["W_xf"] + h @ params["W_hf"] + params["b_f"])))
        o = 1 / (1 + np.exp(-(x @ params["W_xo"] + h @ params["W_ho"] + params["b_o"])))
        g = np.tanh(x @ params["W_xc"] + h @ params["W_hc"] + params["b_c"])
        new = f * c + i * g
        rows.append((i, f, o, g, new, o * np.tanh(new)))
    i, f, o, candidate, c_t, h_t = (np.array(column) for column in zip(*rows))
    return h_t, c_t, {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "o": o,
                      "candidate": candidate, "c_t": c_t}
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    P = params
    i, f, o = [gate(x_t, h_prev, P["W_x" + k], P["W_h" + k], P["b_" + k]) for k in ("i", "f", "o")]
    candidate = np.tanh(np.add(np.add(x_t @ P["W_xc"], h_prev @ P["W_hc"]), P["b_c"]))
    c_t = np.add(np.multiply(f, c_prev), np.multiply(i, candidate))
    h_t = np.multiply(o, np.tanh(c_t))
    cache = dict.fromkeys(("x_t", "h_prev", "c_prev"))
    cache["x_t"], cache["h_prev"], cache["c_prev"] = x_t, h_prev, c_prev
    cache |= {"i": i, "f": f, "o": o, "candidate": candidate, "c_t": c_t}
    return h_t, c_t, cache
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    x_part = {k: x_t.dot(params["W_x" + k]) for k in ["i", "f", "o", "c"]}
    h_part = {k: h_prev.dot(params["W_h" + k]) for k in ["i", "f", "o", "c"]}
    act = {k: x_part[k] + h_part[k] + params["b_" + k] for k in x_part}
    sig = np.vectorize(lambda v: 1 / (1 + np.exp(-v)))
    i = sig(act["i"])
    f = sig(act["f"])
    o = sig(act["o"])
    cand = np.tanh(act["c"])
    c = f * c_prev
    c += i * cand
    h = np.tanh(c)
    h *= o
    gates = {"i": i, "f": f, "o": o, "candidate": cand}
    return h, c, {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, **gates, "c_t": c}
""",
    """
def lstm_step(x_t, h_prev, c_prev, params):
    W_xi, W_xf, W_xo, W_xc = (params[k] for k in ("W_xi", "W_xf", "W_xo", "W_xc"))
    W_hi, W_hf, W_ho, W_hc = (params[k] for k in ("W_hi", "W_hf", "W_ho", "W_hc"))
    b_i, b_f, b_o, b_c = (params[k] for k in ("b_i", "b_f", "b_o", "b_c"))
    i = gate(x_t, h_prev, W_xi, W_hi, b_i)
    f = gate(x_t, h_prev, W_xf, W_hf, b_f)
    o = gate(x_t, h_prev, W_xo, W_ho, b_o)
    candidate = np.tanh(x_t @ W_xc + h_prev @ W_hc + b_c)
    c_t = (f * c_prev) + (i * candidate)
    cache = {}
    cache["x_t"] = x_t
    cache["h_prev"] = h_prev
    cache["c_prev"] = c_prev
    cache["i"], cache["f"], cache["o"] = i, f, o
    cache["candidate"] = candidate
    cache["c_t"] = c_t
    return o * np.tanh(c_t), c_t, cache
""",
]

HONEST = [*CLIP, *GRU, *TRUNCATED, *LSTM]
