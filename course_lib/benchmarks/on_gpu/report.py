"""What the stored result of `course gpu` says, in the words and tables of the book's page.

Each function takes the result, or None where nothing is stored, and gives Markdown. Of a part that
nobody has measured, or that failed, it says so. A sentence that depends on a number is chosen by
the number.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from course_lib.benchmarks.on_gpu.placement import PASS_ON
from course_lib.figures.numbers import significant

Result = Mapping[str, Any] | None
Row = Mapping[str, Any]

DTYPES = ("float32", "float64")
NOT_YET = "*Not yet measured.* "
CELLS = ("cells", "layers-jax")  # parts that answer the same question, the better one first
SCANS = ("scans", "scans-jax")
CUDNN = ("cuDNN LSTM", "Keras's LSTM")
OURS = "our LSTM"  # in JAX it is compiled by XLA
IN_WORDS = {
    "cuDNN LSTM": "cuDNN's LSTM",
    f"{OURS}, XLA": f"{OURS} with XLA",
    "LSTM from Python": "the loop in Python",
    "ours, log": "ours, log T rounds",
    "ours, loop": "ours, a loop",
    "associative scan": "`keras.ops.associative_scan`",
    "autodiff loop": "a loop, differentiated by the backend",
}
ALIKE = 1.15  # a ratio below counts as no difference: timings scatter


def stored() -> Result:
    """The stored result; None if there is none."""
    from course_lib.training import stored_result

    try:
        return stored_result("bench-gpu")
    except FileNotFoundError:
        return None


def rows(result: Result, *parts: str) -> list[Row]:
    """The rows of the first of the parts that has any which were measured."""
    for name in parts:
        found = (result or {}).get("parts", {}).get(name, {}).get("rows", [])
        if good := [row for row in found if "error" not in row and "left_out" not in row]:
            return good
    return []


def timed(result: Result, *parts: str) -> list[Row]:
    """Those with times."""
    return [row for row in rows(result, *parts) if row.get("ms")]


def about(result: Result) -> str:
    """What the page rests on: the machine, or that there was none."""
    if result is None:
        return (
            "**Not yet measured.** The machine that builds this book has no GPU, and no result of "
            "one is stored. What follows comes from counting, from reading TensorFlow's and "
            "Keras's source, or from measuring on CPU cores, and says so. On a machine with a "
            "GPU, `make gpu` measures all of it in eight minutes and stores the result, and this "
            "page then shows it."
        )
    gpu, versions = result["gpu"], result["versions"]
    software = f"TensorFlow {versions['tensorflow']}"
    if all(name.endswith("-jax") for name in result["parts"]):
        software = f"Keras {versions['keras']} on JAX {gpu.get('jax', '')}".strip()
    known = f" ({_gib(gpu['memory'])}, driver {gpu['driver']})" if "driver" in gpu else ""
    said = [
        f"The tables and figures of this page were measured on one {gpu.get('name', 'GPU')}{known} "
        f"with {software}, on {result['date']}, by `{result['command']}`.",
        *([result["beside"]] if "beside" in result else []),
        "Where something is only reasoned, the text says so. Another GPU has other times; "
        "`make gpu` measures yours.",
    ]
    return " ".join(said)


def same_numbers(result: Result) -> str:
    """Whether the steps and exercises of the course ran there and equal the CPU."""
    steps = [*rows(result, "steps-float32"), *rows(result, "steps-float64")]
    exercises = rows(result, "exercises")
    layers = [row for row in rows(result, "layers-jax") if "layer" in row]
    if not steps and not exercises and not layers:
        return (
            NOT_YET + "That the course's training steps would run on a GPU is known from their "
            "graphs: `course audit-gpu` finds a kernel for every operation."
        )
    said = []
    if steps:
        from course_lib.training.reference_steps import STEPS

        taken = {row["step"] for row in steps}
        left = len(STEPS.keys() - taken)
        many = f"{len(taken)} of the {len(STEPS)}" if left else f"all {len(STEPS)}"
        said.append(
            f"We ran {many} training steps of this course on the GPU and on the CPU, from the "
            "same weights, with TF32 off (see *Half the bits*). " + _apart(steps)
        )
        if left:
            said.append(
                f"The other {left} have not run on a GPU yet. All that we know of them comes from "
                "their graphs: `course audit-gpu` finds a kernel for every operation."
            )
        if bad := sorted({row["step"] for row in steps if not row["same"]}):
            said.append(f"That is too much for {_code(bad)}.")
        said += [_fallen(dtype, rows(result, f"steps-{dtype}")) for dtype in DTYPES]
        said += [_failed(result, dtype) for dtype in DTYPES]
    if exercises:
        bad = sorted(row["exercise"] for row in exercises if not row["ok"])
        passed = f"{len(exercises) - len(bad)} of" if bad else "all"
        said.append(
            f"The references of {passed} {len(exercises)} *speed up* exercises passed their checks "
            "on the GPU, with the CPU's numbers." + (f" Not so {_code(bad)}." if bad else "")
        )
        said.append(_new_since(exercises))
    if layers:
        bad = sorted(row["layer"] for row in layers if not row["ok"])
        most = max(row["apart"] for row in layers)
        said.append(
            f"We trained {len(layers)} recurrent layers of this course for a few steps on the GPU "
            f"and on the CPU, in JAX; the losses differ by at most {most:.0e}, relative."
            + (f" That is too much with {_code(bad)}." if bad else "")
        )
    return " ".join(filter(None, said))


def _new_since(exercises: Iterable[Row]) -> str:
    """What the exercises' checks have become since they ran on the GPU; empty if nothing else."""
    from course_lib.exercises.registry import get, ids

    then = {row["exercise"]: row["rungs"] for row in exercises}
    today = {one: len(get(one).ladder) for one in ids() if get(one).kind == "speed up"}
    later = [one for one in today if one not in then]
    changed = [one for one, count in today.items() if then.get(one, count) != count]
    said = []
    if changed:
        whose = "one of them" if len(changed) == 1 else f"{len(changed)} of them"
        said.append(
            f"Since then, the checks of {whose} have changed: {_code(changed)}. What is new in "
            "them has run on the CPU alone."
        )
    if later:
        said.append(f"Newer than that measurement: {_code(later)}.")
    return " ".join(said)


def _apart(steps: Iterable[Row]) -> str:
    most: dict[str, float] = {}
    for row in steps:
        most[row["dtype"]] = max(most.get(row["dtype"], 0.0), row["apart"])
    told = " and ".join(f"by at most {value:.0e} in {dtype}" for dtype, value in most.items())
    return f"The results differ {told}, relative to their size."


def _fallen(dtype: str, steps: Iterable[Row]) -> str:
    """What of the steps in a dtype ran on the CPU."""
    steps = list(steps)
    if not steps:
        return ""
    where = f"In {dtype}, in which the course trains," if dtype == "float32" else f"In {dtype}"
    ops = {op for row in steps for op in row["fell_back"]} - set(PASS_ON)
    if not ops:
        return f"{where} no operation on real numbers fell back to the CPU."
    one = "this operation" if len(ops) == 1 else "these operations"
    return f"{where} {one} ran on the CPU: {_code(sorted(ops))}."


def _failed(result: Result, dtype: str) -> str:
    """The steps in a dtype that ended with an error."""
    every = (result or {}).get("parts", {}).get(f"steps-{dtype}", {}).get("rows", [])
    bad = sorted(row["step"] for row in every if "error" in row)
    return f"An error stopped {_code(bad)} in {dtype}." if bad else ""


def cells(result: Result) -> str:
    """The times of a training step over batch, units and T."""
    found = _shown(result)
    if not found:
        return NOT_YET + "What follows is reasoned."
    names = _columns(found)
    found = sorted(found, key=lambda row: (row["T"], row["units"], row["batch"]))
    body = [
        [f"{row['T']}", f"{row['units']:,}", f"{row['batch']:,}", *_times(row, names)]
        for row in found
    ]
    return "A training step, in milliseconds:\n\n" + _table(
        ["steps", "units", "batch", *names], body, 0
    )


def _shown(result: Result) -> list[Row]:
    """The rows of the table: the LSTMs, and sizes that differ from the centre in one at most."""
    return [
        row | {"ms": {name: ms for name, ms in row["ms"].items() if "LSTM" in name}}
        for row in timed(result, *CELLS)
        if len(_differ(row)) <= 1
    ]


def time_points(result: Result) -> dict[str, list[tuple[int, float]]]:
    """(T, ms) of each variant, where batch and units are those of the centre."""
    points: dict[str, list[tuple[int, float]]] = {}
    for row in _line(_shown(result), "T"):
        for name, ms in row["ms"].items():
            points.setdefault(name, []).append((row["T"], ms))
    return points


def batch_says(result: Result) -> str:
    """What a larger batch costs, for our cell in its loop."""
    ends = _ends(_shown(result), "batch")
    if ends is None:
        return NOT_YET + "If the GPU is idle, a larger batch costs next to nothing (reasoned)."
    small, large = ends
    work = large["batch"] / small["batch"]
    cost = large["ms"][OURS] / small["ms"][OURS]
    longer = "no longer" if cost < ALIKE else f"{cost:.1f} times as long"
    what = (
        f"With {small['units']} units and {small['T']} steps, {OURS} took {longer} for {work:.0f} "
        "times the batch"
    )
    if cost < work / 4:
        return f"{what}: parts of the GPU that were idle before do the rest (reasoned)."
    return f"{what}. So on this GPU the work counted, more than the launches."


def steps_say(result: Result) -> str:
    """What a longer sequence costs."""
    ends = _ends(_shown(result), "T")
    if ends is None:
        return NOT_YET + "The time grows with the number of steps (reasoned)."
    short, long = ends
    more, cost = long["T"] / short["T"], long["ms"][OURS] / short["ms"][OURS]
    what = (
        f"With {short['units']} units and batches of {short['batch']}, it took {cost:.0f} times as "
        f"long for {more:.0f} times the steps"
    )
    if cost > more / 2:
        return f"{what}: steps that wait for each other gain nothing from a wide GPU (reasoned)."
    why = "part of a step's cost is paid once a sequence (reasoned)"
    return f"{what}: less than in proportion, since {why}."


def cudnn_says(result: Result) -> str:
    """How much faster cuDNN is than our cell in a loop."""
    return _compared(
        _shown(result),
        (OURS,),
        CUDNN,
        faster="In every row of the table {fast} was faster than {slow}, {span} times as fast.",
        mixed="From row to row, {fast} was {span} times as fast as {slow}.",
        slower="In no row of the table was {fast} faster than {slow}: {span} times as fast.",
        unknown="One call for all steps should be several times as fast (reasoned).",
    )


def xla_says(result: Result) -> str:
    """Whether XLA helps our cell, and how near it then comes to cuDNN."""
    helped = _compared(
        _shown(result),
        (OURS,),
        (f"{OURS}, XLA",),
        faster="On the GPU it helped in every row of the table: {fast} was {span} times as fast as "
        "without.",
        mixed="On the GPU it depended on the sizes: {fast} was {span} times as fast as without.",
        slower="On the GPU it did not help either: {fast} was {span} times as fast as without.",
        unknown="On a GPU this is where it should help most (reasoned).",
    )
    near = "{slow} took {span} times as long as {fast}."
    beside = _compared(
        _shown(result), (f"{OURS}, XLA",), CUDNN, faster=near, mixed=near, slower=near, unknown=""
    )
    return helped if beside == NOT_YET else f"{helped} {beside}"


def python_says(result: Result) -> str:
    """What the loop from Python costs."""
    return _compared(
        _shown(result),
        ("LSTM from Python",),
        (OURS,),
        faster="On the GPU {fast} was {span} times as fast as {slow}.",
        mixed="On the GPU {fast} was {span} times as fast as {slow}.",
        slower="On the GPU {fast} was only {span} times as fast as {slow}.",
        unknown="On a GPU, where each operation is smaller beside its launch, the difference "
        "should be larger (reasoned).",
    )


def precision(result: Result) -> str:
    """The times with all and with half of the bits."""
    found = timed(result, "precision")
    if not found:
        return NOT_YET + "How much faster half the bits are depends on the GPU and on the sizes."
    names = _columns(found)
    one = found[0]
    times = zip(*(_times(row, names) for row in found), strict=True)
    body = [[name, *line] for name, line in zip(names, times, strict=True)]
    head = ["", *(row["variant"] for row in found)]
    return (
        f"A training step with {one['units']:,} units, {one['T']} steps and batches of "
        f"{one['batch']}, in milliseconds:\n\n" + _table(head, body, 1)
    )


def precision_says(result: Result) -> str:
    """Whether half the bits are worth it, for what is fastest."""
    found = [row for row in timed(result, "precision") if row["variant"] in CUDNN]
    if not found or not {"float32", "float32, TF32"} <= found[0]["ms"].keys():
        return ""
    ms = found[0]["ms"]
    halves = [time for name, time in ms.items() if name.startswith("mixed")]
    tf32 = ms["float32"] / ms["float32, TF32"]
    said = f"TF32, which TensorFlow uses unasked for products in float32, {_gain(tf32)}. "
    if not halves:
        return said
    return said + f"Half the bits, compared with that, {_gain(ms['float32, TF32'] / min(halves))}."


def scans(result: Result) -> str:
    """The times of a scan with its gradient."""
    found = timed(result, *SCANS)
    if not found:
        return NOT_YET + "That the rounds win on a GPU is reasoned."
    names = [name.removesuffix(", XLA") for name in _columns(found)]
    names = list(dict.fromkeys(names))
    found = sorted(found, key=lambda row: row["steps"])
    body = []
    for name in names:
        best = [_best(row["ms"], name) for row in found]
        body.append([IN_WORDS[name], *("" if b is None else significant(b, 3) for b in best)])
    one = found[0]
    head = [f"{row['steps']:,} steps" for row in found]
    return (
        f"A scan over batches of {one['batch']} with {one['units']} units, forward and back, in "
        "milliseconds, without or with XLA, whichever is faster:\n\n" + _table(["", *head], body, 1)
    )


def scans_say(result: Result) -> str:
    """Whether the rounds win, at the lengths that were measured."""
    found = sorted(timed(result, *SCANS), key=lambda row: row["steps"])
    pairs = [
        (row["steps"], loop / log)
        for row in found
        if (loop := _best(row["ms"], "ours, loop")) and (log := _best(row["ms"], "ours, log"))
    ]
    if not pairs:
        return ""
    told = ", ".join(f"{gain:.1f} times at {steps:,} steps" for steps, gain in pairs)
    won = [gain for _, gain in pairs if gain > ALIKE]
    if len(won) == len(pairs):
        return f"**On this GPU the rounds win.** They were faster than our loop: {told}."
    if won:
        return f"Whether the rounds win depends on the length. As fast as our loop: {told}."
    return f"On this GPU the rounds gained nothing over our loop. As fast as it: {told}."


def traces(result: Result) -> str:
    """The times of KeRNL's gradients and of backpropagation through time."""
    found = timed(result, "traces")
    if not found:
        return NOT_YET + "On a CPU, chapter 5 compares them."
    names = [name for name in _columns(found) if not name.endswith("XLA")]
    body = [
        [TRACES.get(name, name), *("" if b is None else significant(b, 3) for b in best)]
        for name in names
        for best in [[_best(row["ms"], name) for row in found]]
    ]
    head = [f"batch {row['batch']}, {row['units']} units" for row in found]
    return (
        f"All gradients of a batch of {found[0]['steps']} steps, in milliseconds, without or with "
        "XLA, whichever is faster:\n\n" + _table(["", *head], body, 1)
    )


def traces_say(result: Result) -> str:
    """What chunks gain over single steps, and what they cost beside a backward pass."""
    found = [{name: _best(row["ms"], name) for name in TRACES} for row in timed(result, "traces")]
    if not found or None in found[0].values():
        return ""
    ms = found[0]
    gain, cost = ms["per_step"] / ms["chunked"], ms["chunked"] / ms["bptt"]
    first = f"In chunks KeRNL was {gain:.1f} times as fast as with one product a step"
    if gain < ALIKE:
        first = "In chunks KeRNL was no faster than with one product a step"
    second = f"took {cost:.1f} times as long as backpropagation through time"
    if 1 / ALIKE < cost < ALIKE:
        second = "took about as long as backpropagation through time"
    elif cost < 1:
        second = f"was {1 / cost:.1f} times as fast as backpropagation through time"
    return f"{first}, and {second}."


TRACES = {
    "per_step": "KeRNL, one product a step",
    "chunked": "KeRNL, chunks",
    "bptt": "backpropagation through time",
}


def memory_says(result: Result) -> str:
    """How the memory grows with T, in chunks and through time."""
    grown = {rule: points for rule, points in memory_points(result).items() if len(points) > 1}
    if set(grown) != {"chunked", "bptt"}:
        return (
            NOT_YET + "That a rule without a tape needs the same at any length was measured on "
            "a CPU, in chapter 5."
        )
    from course_lib.benchmarks.kernl import Sizes

    told = []
    for rule, who in (("bptt", TRACES["bptt"]), ("chunked", "KeRNL in chunks")):
        (short, least), *_, (long, most) = grown[rule]
        told.append(
            f"{who} took {significant(least, 3)} MiB for {short:,} steps and "
            f"{significant(most, 3)} MiB for {long:,}, {most / least:.1f} times as much"
        )
    chunked = dict(grown["chunked"])
    less = [T for T, mib in grown["bptt"] if T in chunked and chunked[T] < mib]
    sizes = Sizes()
    where = f"On the GPU, with {sizes.units} units and batches of {sizes.batch}"
    return f"{where}, {'; '.join(told)}." + (
        f" Of the lengths measured, the chunks took less from {min(less):,} steps on."
        if less
        else ""
    )


def memory_points(result: Result) -> dict[str, list[tuple[int, float]]]:
    """(T, MiB) of each rule, the shortest first; what wasn't counted is left out."""
    points: dict[str, list[tuple[int, float]]] = {}
    for row in sorted(rows(result, "memory"), key=lambda row: row["T"]):
        if row.get("mib"):
            points.setdefault(row["rule"], []).append((row["T"], row["mib"]))
    return points


def pixels_say(result: Result) -> str:
    """How pixel MNIST of chapter 6 trained, beside what the chapter says of it."""
    from course_lib.training import stored_result

    found = rows(result, "pixels")
    if not found:
        return NOT_YET + "On a CPU, chapter 6 trains it."
    (row,) = found
    right = 100 * row["test_accuracy"]
    what = (
        f"On the GPU, the layer of chapter 6 was trained on pixel MNIST for {row['epochs']} epochs "
        f"of {row['seconds_an_epoch']:.1f} seconds each, and then got {right:.2f} percent of the "
        "test images right"
    )
    if row["data"] != "full":
        return f"{what}; it saw the small set that comes with the course."
    chapter = stored_result("lru-pixels")
    there, epochs = 100 * chapter["summary"]["mean_test_accuracy"], chapter["config"]["epochs"]
    why = "There was no time for more epochs. " if row["epochs"] < epochs else ""
    return f"{what}. {why}In the chapter it gets {there:.1f} percent in {epochs} epochs."


def _line(found: Iterable[Row], key: str) -> list[Row]:
    """The rows that are like the centre of `cells` in all sizes but one, the least of it first."""
    line = [row for row in found if _differ(row) <= {key}]
    return sorted(line, key=lambda row: row[key])


def _differ(row: Row) -> set[str]:
    """The sizes of a row that are not those of the centre."""
    from course_lib.benchmarks.on_gpu.cells import CENTRE

    return {key for key, value in CENTRE.items() if row[key] != value}


def _ends(found: Iterable[Row], key: str) -> tuple[Row, Row] | None:
    """The first and the last row of such a line that have our LSTM; None if there are no two."""
    line = [row for row in _line(found, key) if OURS in row["ms"]]
    return (line[0], line[-1]) if len(line) > 1 else None


def _compared(
    found: Iterable[Row],
    slow: Sequence[str],
    fast: Sequence[str],
    faster: str,
    mixed: str,
    slower: str,
    unknown: str,
) -> str:
    """A sentence on how many times as fast one variant is as another, chosen by the numbers."""
    pairs = [
        (a, b, row["ms"][a] / row["ms"][b])
        for row in found
        for a in slow
        for b in fast
        if a in row["ms"] and b in row["ms"]
    ]
    if not pairs:
        return NOT_YET + unknown
    gains = [gain for _, _, gain in pairs]
    low, high = min(gains), max(gains)
    sentence = faster if low > ALIKE else slower if high < ALIKE else mixed
    a, b, _ = pairs[0]
    low, high = f"{low:.2g}", f"{high:.2g}"
    span = low if low == high else f"{low} to {high}"
    told = sentence.format(slow=IN_WORDS.get(a, a), fast=IN_WORDS.get(b, b), span=span)
    return told[:1].upper() + told[1:]


def _gain(ratio: float) -> str:
    if ratio > ALIKE:
        return f"made cuDNN's LSTM {ratio:.1f} times as fast"
    if ratio > 1 / ALIKE:
        return f"changed the time of cuDNN's LSTM by less than {100 * (ALIKE - 1):.0f} percent"
    return "made cuDNN's LSTM slower"


def _best(ms: Mapping[str, float], name: str) -> float | None:
    """The faster of a variant without and with XLA."""
    return min((ms[n] for n in (name, f"{name}, XLA") if n in ms), default=None)


def _columns(found: Iterable[Row]) -> list[str]:
    """The names of all variants, in the order in which they come."""
    return list(dict.fromkeys(name for row in found for name in row["ms"]))


def _times(row: Row, names: Iterable[str]) -> list[str]:
    """In milliseconds; a dash where nothing was measured."""
    return [significant(row["ms"][name], 3) if name in row["ms"] else "–" for name in names]


def _table(head: Sequence[str], body: Iterable[Sequence[str]], left: int) -> str:
    """A table of Markdown; the columns after the first `left` are numbers."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body))


def _gib(mib: str) -> str:
    """Memory as the driver gives it, "81559 MiB", in GiB; as it is if it is given otherwise."""
    number, _, unit = mib.partition(" ")
    return f"{int(number) / 1024:.0f} GiB" if unit == "MiB" else mib


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
