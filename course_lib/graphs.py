"""What a traced graph holds, said in plain numbers and words.

Imports nothing of the course, and TensorFlow only when it is called: it also runs where an
instructor's sandbox runs a student's code. What is said here is judged elsewhere.
"""

import contextlib
import functools
import importlib
import inspect
import math
import re
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

# Kernels for a GPU. DEFAULT ones are registered for every device, and so for this one: they move
# no numbers (While and NoOp pass them on, Placeholder and ReadVariableOp hand them out).
GPU_KERNELS = ("GPU", "DEFAULT")
INT32, STRING = 3, 7  # tf.int32 and tf.string, as a graph writes them
HOST = ("PyFunc", "PyFuncStateless", "EagerPyFunc")  # py_function and numpy_function
SIZES = ("Const", "Shape", "ShapeN", "Size", "Rank")  # what sizes are made of
FILES = ("WriteSummary", "FlushSummaryWriter")  # on the host, where the file is

# How TensorFlow says that it can't trace something: what it stumbles over, and how it puts that.
STUMBLES = {
    "NumPy": r"Cannot convert a symbolic .*to a numpy array|"
    r"(?:float|int)\(\) argument must be .*not 'SymbolicTensor'",
    "numbers": r"'(?:Symbolic)?\w*Tensor' object has no attribute 'numpy'|"
    r"numpy\(\) is only available when eager execution is enabled",
    "if": r"Using a symbolic .* as a Python `bool`",
    "for": r"Iterating over a symbolic",
    "length": r"'(?:NoneType|SymbolicTensor)' object cannot be interpreted as an integer|"
    r"Expected int\d+, but got None|len is not well defined for a symbolic Tensor|"
    r"Cannot convert a partially known TensorShape|Cannot infer argument `num` from shape|"
    r"Failed to convert elements of [\[(][^\])]*\bNone\b[^\])]*[\])] to Tensor|"
    r"Argument `size` must be provided",
    "variable": r"only supports singleton tf\.Variables|tried to create variables on non-first|"
    r"add new elements of state \(variables or sub-layers\)",
    "dtype": r"has type float\d+ that does not match type float\d+|"
    r"expected to be a \w+ tensor but is a \w+ tensor",
}
LIBRARIES = frozenset(("tensorflow", "keras"))  # their code asks for shapes, too
# Words about a None, which is a size where somebody asks a tensor for its shape.
NOTHING = (
    r"None values not supported|'NoneType' and |and 'NoneType'|"
    r"bad operand type for unary .*'NoneType'"
)


class Kernel(NamedTuple):
    """Code of TensorFlow's for one operation.

    Args:
        device_type: what it runs on, such as "GPU".
        types: pairs of an attribute and the types of numbers that it is for; none: for all.
    """

    device_type: str
    types: tuple[tuple[str, frozenset[int]], ...]


# By operation, once somebody has asked. Nothing in it can be changed but the dict itself, which the
# instructor's sandbox looks after.
KERNELS: dict[str, tuple[Kernel, ...]] = {}


class Untraceable(Exception):
    """TensorFlow can't trace a function; the message is what it stumbles over, from `STUMBLES`."""


def trace(function: Callable, *signature: Any, **settings: Any) -> Any:
    """The graph of a function, a `ConcreteFunction`, traced as Keras traces what it trains.

    Keras takes Python as it stands (no AutoGraph): an `if` on a tensor is an error. While
    TensorFlow goes `step_by_step`, it is the function itself, which has no graph.

    Args:
        function: of tensors.
        signature: a `tf.TensorSpec` for each; None in a shape stands for any size.
        settings: of `tf.function`, such as `jit_compile`.

    Raises:
        Untraceable: for one of the reasons that learners meet; what fails otherwise fails as it is.
    """
    import tensorflow as tf

    if goes_step_by_step():
        return function
    settings = {"autograph": False, **settings}
    try:
        return tf.function(function, **settings).get_concrete_function(*signature)
    except Exception as error:
        if over := _what_stumbled(error) or _a_size(error):
            raise Untraceable(over) from error
        raise


def stumble(attempt: Callable[[], Any]) -> str:
    """What TensorFlow stumbles over when it traces what an attempt runs; "" if it can trace it.

    What fails for a reason that isn't in `STUMBLES` fails as it is.
    """
    try:
        attempt()
    except Untraceable as problem:
        return str(problem)
    except Exception as error:
        if over := _what_stumbled(error):
            return over
        raise
    return ""


def _what_stumbled(error: Exception) -> str:
    message = " ".join(str(error).split())
    return next((over for over, words in STUMBLES.items() if re.search(words, message)), "")


def _a_size(error: Exception) -> str:
    """ "length" if what failed is None, and code of the traced function asks for a shape."""
    if not re.search(NOTHING, " ".join(str(error).split())):
        return ""
    within = error.__traceback__.tb_next  # what `trace` has called
    while within is not None:
        code = within.tb_frame.f_code
        if "shape" in code.co_names and not LIBRARIES & set(Path(code.co_filename).parts):
            return "length"
        within = within.tb_next
    return ""


def xla_refusal(attempt: Callable[[], Any]) -> str:
    """Why XLA can't compile what an attempt runs: the first line of its words, "" if it can."""
    import tensorflow as tf

    try:
        attempt()
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        return error.message.splitlines()[0]
    return ""


def by_xla(
    make: Callable[..., Any], arguments: Iterable[Any], results: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """What a graph gives that XLA has compiled, in plain arrays.

    Args:
        make: from settings of `tf.function` to the graph.
        arguments: of the graph, arrays.
        results: from what the graph gives to tensors by name.

    Returns:
        "refused", in XLA's words, or ""; and if it isn't refused the results. Where XLA may fail
        without a word, what the graph gives without it stands beside them as "… without XLA".
    """
    import tensorflow as tf

    outputs, arguments = {}, list(map(tf.constant, arguments))

    def run():
        compiled = make(jit_compile=True)
        outputs.update(results(compiled(*arguments)))
        if slices_that_change(compiled) or lists_that_grow(compiled):
            plain = results(make()(*arguments))
            outputs.update({f"{name} without XLA": value for name, value in plain.items()})

    refused = xla_refusal(run)
    return {"refused": refused, **{name: value.numpy() for name, value in outputs.items()}}


def slices_that_change(graph: Any) -> bool:
    """Whether a loop cuts pieces whose size is computed while it turns.

    XLA, which lays out all memory beforehand, has no such arrays: it refuses them, or works with
    larger ones, and then the numbers can be wrong without a word (TensorFlow 2.21).

    Args:
        graph: what `trace` gives.
    """
    library = {one.signature.name: one for one in _graph_def(graph).library.function}
    bodies = [
        library[node.attr["body"].func.name].node_def
        for node in nodes(graph)
        if node.op in ("While", "StatelessWhile")
    ]
    return any(_cuts_by_a_computed_size(body) for body in bodies)


def lists_that_grow(graph: Any) -> bool:
    """Whether a TensorArray grows while it is written, as with `dynamic_size=True`.

    XLA gives it the size that it begins with, and what is written beyond is lost without a word
    (TensorFlow 2.21).

    Args:
        graph: what `trace` gives.
    """
    grows = "resize_if_index_out_of_bounds"
    return any(node.op == "TensorListSetItem" and node.attr[grows].b for node in nodes(graph))


def _cuts_by_a_computed_size(body: Iterable[Any]) -> bool:
    operations = {node.name: node.op for node in body}
    for node in body:
        match node.op:
            case "StridedSlice" if not node.attr["shrink_axis_mask"].i:  # an index cuts one
                sizes = node.input[1:3]
            case "Slice":
                sizes = node.input[2:3]
            case _:
                continue
        if any(operations.get(one.split(":")[0]) != "Const" for one in sizes):
            return True
    return False


def nodes(graph: Any) -> list[Any]:
    """The operations of a traced function and, once each, of those it calls: bodies of loops.

    Args:
        graph: what `trace` gives.
    """
    return list(_nodes(_graph_def(graph)))


def _graph_def(graph: Any) -> Any:
    """By the method of TensorFlow's class: a graph may have been given another one of its own."""
    from tensorflow.python.framework import ops

    return ops.Graph.as_graph_def(graph.graph)


def _nodes(graph_def: Any) -> Iterator[Any]:
    library = {one.signature.name: one.node_def for one in graph_def.library.function}
    waiting = [graph_def.node]
    while waiting:
        for node in waiting.pop():
            yield node
            for value in node.attr.values():
                for function in (value.func, *value.list.func):
                    if function.name in library:
                        waiting.append(library.pop(function.name))


def pipeline_operations(dataset: Any) -> set[str]:
    """The kinds of operations that a `tf.data.Dataset` is made by, in the functions it maps too."""
    import tensorflow as tf

    ignore = 1  # that a Python generator has a state which can't be stored
    text = tf.raw_ops.DatasetToGraphV2(
        input_dataset=dataset._variant_tensor, external_state_policy=ignore
    )
    graph_def = tf.compat.v1.GraphDef.FromString(text.numpy())
    inner = (node for function in graph_def.library.function for node in function.node_def)
    return {node.op for node in (*graph_def.node, *inner)}


def devices_of(operations: Iterable[Any]) -> dict[str, set[str]]:
    """For each operation the devices that TensorFlow has a kernel for.

    Args:
        operations: what `nodes` gives.
    """
    names = {node.op for node in operations}
    return {op: {kernel.device_type for kernel in _kernels(op)} for op in names}


def without_gpu_kernel(operations: Iterable[Any]) -> set[str]:
    """Operations without a kernel for a GPU, for the type of numbers that they work on.

    The words of an assertion are none: TensorFlow keeps them with the CPU, and they cost nothing.
    Nor do sizes, see `_sizes`.
    """
    operations = list(operations)
    missing = [node for node in operations if not (_is_a_message(node) or _has_gpu_kernel(node))]
    return {node.op for node in missing if node.op in HOST or not _sizes(node, operations)}


def _has_gpu_kernel(node: Any) -> bool:
    return any(k.device_type in GPU_KERNELS and _fits(k, node) for k in _kernels(node.op))


def _sizes(node: Any, operations: Iterable[Any]) -> bool:
    """Whether a node works on nothing but the sizes of tensors, in whole numbers of 32 bits.

    TensorFlow keeps these in the host's memory even where a GPU has kernels for them: nothing is
    copied when the CPU works on them there. What is counted out of numbers, such as the steps that
    a mask leaves, lies in the GPU's.
    """
    made_by = {}
    for one in operations:
        made_by.setdefault(one.name, []).append(one)  # in several functions, one name

    @functools.cache
    def of_sizes(name: str) -> bool:
        # An argument of a function has no node; a loop's counter is one.
        return all(
            one.op in SIZES or (one.op not in ("Placeholder", *HOST) and made_of_sizes(one))
            for one in made_by.get(name, ())
        )

    def made_of_sizes(one: Any) -> bool:
        names = [each.split(":")[0] for each in one.input if not each.startswith("^")]
        return bool(names) and all(map(of_sizes, names))

    values = node.attr.values()
    types = {kind for value in values for kind in (value.type, *value.list.type) if kind}
    return types == {INT32} and made_of_sizes(node)


def _kernels(op: str) -> tuple[Kernel, ...]:
    """All are asked for at once, and once: to ask for one takes a millisecond, each time."""
    if not KERNELS:
        from tensorflow.python.framework.kernels import get_all_registered_kernels

        found: dict[str, list[Kernel]] = {}
        for kernel in get_all_registered_kernels().kernel:
            rules = kernel.constraint
            types = tuple((rule.name, frozenset(rule.allowed_values.list.type)) for rule in rules)
            found.setdefault(kernel.op, []).append(Kernel(kernel.device_type, types))
        KERNELS.update({name: tuple(kernels) for name, kernels in found.items()})
    return KERNELS.get(op, ())


def _is_a_message(node: Any) -> bool:
    """Whether a node holds words, such as an assertion has for its error."""
    return node.op == "Const" and node.attr["dtype"].type == STRING


def _fits(kernel: Kernel, node: Any) -> bool:
    """Whether a kernel is for the types of numbers that the node has.

    A rule about something else, such as what GatherNd does with an index out of range, lists no
    types.
    """
    return all(
        types.issuperset(node.attr[name].list.type or [node.attr[name].type])
        for name, types in kernel.types
        if types
    )


def knows_gpu_kernels() -> bool:
    """Whether this build of TensorFlow has kernels for a GPU, and so can tell about them."""
    return any(kernel.device_type == "GPU" for kernel in _kernels("MatMul"))


def gpu_report(graph: Any) -> dict[str, Any]:
    """What can be said about a graph and a GPU, in plain words and numbers.

    Args:
        graph: what `trace` gives.

    Returns:
        "gpu": the name of the GPU that TensorFlow sees here, or ""; "can tell": whether this build
        of TensorFlow knows; "operations": how many kinds; "without a kernel" and "in Python":
        names of those that a GPU can't run, or that call back into Python, separated by commas;
        "on the host": names of those that write to a file, which is nowhere else.
    """
    everything = nodes(graph)
    operations = [node for node in everything if not _of_files(node)]
    kinds = {node.op for node in operations}
    return {
        "gpu": gpu_name(),
        "can tell": knows_gpu_kernels(),
        "operations": len(kinds),
        "without a kernel": ", ".join(sorted(without_gpu_kernel(operations) - set(HOST))),
        "in Python": ", ".join(sorted(kinds & set(HOST))),
        "on the host": ", ".join(sorted({node.op for node in everything} & set(FILES))),
    }


def _of_files(node: Any) -> bool:
    """Whether an operation writes to a file, or holds the text that goes there."""
    import tensorflow as tf

    return node.op in FILES or node.attr["dtype"].type == tf.string.as_datatype_enum


def gpu_name() -> str:
    """The first GPU that TensorFlow sees, which is then used without being asked; "" if none."""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return ""
    details = tf.config.experimental.get_device_details(found[0])
    return details.get("device_name", "a GPU")


def kept_by_loops(graph: Any) -> int:
    """How many tensors each turn of a loop lays aside for a backward pass of TensorFlow's own.

    Args:
        graph: what `trace` gives, of both passes.
    """
    return sum(node.op == "TensorListPushBack" for node in nodes(graph))


def program_size(function: Callable, *examples: Any) -> dict[str, int]:
    """How large the program is that XLA makes of a function.

    XLA gives what a loop lays aside its full size before the loop begins, so the memory is a
    property of the program: the same on every machine, whether it is run or not.

    Args:
        function: of tensors.
        examples: tensors of the sizes in question.

    Returns:
        "instructions": how many; "bytes": what the fullest of its loops carries.
    """
    import tensorflow as tf

    compiled = tf.function(function, jit_compile=True, autograph=False)
    program = compiled.experimental_get_compiler_ir(*examples)(stage="hlo")
    carried = re.findall(r" = \((.*)\) while\(", program)
    return {
        "instructions": program.count(" = "),
        "bytes": max(map(_bytes, carried), default=0),
    }


def loop_bytes(function: Callable, *examples: Any) -> int:
    """The most bytes that one loop of a function carries when XLA compiles it for these
    examples.
    """
    return program_size(function, *examples)["bytes"]


def computed_by(operation: str, function: Callable, *arguments: Any) -> int:
    """How many numbers operations of a kind compute while a function runs, its gradients included.

    What is computed again counts again. Functions that TensorFlow would trace run step by step.

    Args:
        operation: TensorFlow's name for it, such as "Tanh".
        function: of tensors.
        arguments: its arguments.
    """
    numbers = 0

    def count(tensor):
        nonlocal numbers
        numbers += tensor.shape.num_elements()

    _watched(operation, count, lambda: function(*arguments))
    return numbers


def alive_at_once(operation: str, function: Callable, *arguments: Any) -> int:
    """How many numbers that operations of a kind computed are in memory at the same time, at most.

    What a tape holds for its way back counts. Functions that TensorFlow would trace run step by
    step, so this sees through them where XLA can't.

    Args:
        operation: TensorFlow's name for it, such as "Tanh".
        function: of tensors.
        arguments: its arguments.
    """
    now = most = 0

    def add(numbers):
        nonlocal now, most
        now += numbers
        most = max(most, now)

    def follow(tensor):
        numbers = tensor.shape.num_elements()
        add(numbers)
        weakref.finalize(tensor, add, -numbers)

    _watched(operation, follow, lambda: function(*arguments))
    return most


def most_in_one_array(width: int, function: Callable, *arguments: Any) -> int:
    """How many numbers the largest array holds that is made while a function runs.

    Only arrays with an axis of a given width count, and none that has the shape of an argument,
    such as its gradient. Functions that TensorFlow would trace run step by step.

    Args:
        width: size of that axis.
        function: of tensors.
        arguments: its arguments.
    """
    most = 0
    known = {tuple(one.shape) for one in arguments}

    def see(tensor):
        nonlocal most
        shape = tuple(tensor.shape)
        if tensor.dtype.is_floating and width in shape and shape not in known:
            most = max(most, math.prod(shape))

    _watched(None, see, lambda: function(*arguments))
    return most


def _watched(operation: str | None, see: Callable, run: Callable) -> None:
    """Run something step by step, and see the results of one kind of operation as they come.

    None stands for every kind.
    """
    from tensorflow.python.framework import op_callbacks

    def called(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        if operation in (None, op_type) and graph is None:
            for output in outputs:
                see(output)

    op_callbacks.add_op_callback(called)
    try:
        with step_by_step():
            run()
    finally:
        op_callbacks.remove_op_callback(called)


def _bytes(shapes: str) -> int:
    """The size of arrays written as XLA writes them: f32[2,5,3], s32[], pred[4]."""
    total = 0
    for kind, bits, sizes in re.findall(r"\b(pred|[a-z]+?)(\d*)\[([\d,]*)\]", shapes):
        width = 1 if kind == "pred" else int(bits) // 8
        total += width * math.prod(int(size) for size in sizes.split(",") if size)
    return total


@contextlib.contextmanager
def step_by_step() -> Iterator[None]:
    """While it lasts, functions that TensorFlow would trace run as the Python that they are."""
    with _functions_run_eagerly(True):
        yield


@contextlib.contextmanager
def in_graphs() -> Iterator[None]:
    """While it lasts, functions are traced, also inside of `step_by_step`.

    For what was traced long ago: there the graph is the quick way.
    """
    with _functions_run_eagerly(False):
        yield


@contextlib.contextmanager
def _functions_run_eagerly(they_do: bool) -> Iterator[None]:
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(they_do)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def goes_step_by_step() -> bool:
    """Whether TensorFlow, if it is there, runs functions as the Python that they are."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and tensorflow.config.functions_run_eagerly()


@contextlib.contextmanager
def without_tf32() -> Iterator[None]:
    """Products in float32 use all 24 bits of a number.

    Recent NVIDIA GPUs else round what they multiply to TF32, of 11 bits, so that a layer's outputs
    differ from a processor's in the third digit. What compares the two leaves it out.
    """
    import tensorflow as tf

    on = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(on)


@contextlib.contextmanager
def keras_in(dtype: str) -> Iterator[None]:
    """Whatever Keras makes and computes, its losses too, has one dtype unless told otherwise.

    A check in float64 would else refuse Keras's own losses, which begin with float32.

    Args:
        dtype: "float64", or "float32".
    """
    import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


@contextlib.contextmanager
def reads_before_writes() -> Iterator[None]:
    """While it lasts, a graph that reads a weight and then changes it does so in this order.

    TensorFlow's dependency optimizer can lose the order where a weight is read twice, such as by a
    layer and by `tf.einsum`: in TensorFlow 2.21, a right training step then computes, now and then,
    with a weight that it has already changed.
    """
    import tensorflow as tf

    name = "dependency_optimization"
    before = tf.config.optimizer.get_experimental_options().get(name, True)
    tf.config.optimizer.set_experimental_options({name: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({name: before})


@contextlib.contextmanager
def without_xla() -> Iterator[None]:
    """While it lasts, what asks XLA to compile it is traced as a plain graph.

    XLA takes a third of a second for each size of a small step, whose numbers are the same. What
    XLA makes of a step is looked at once, elsewhere.
    """
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

    # A property of the class counts for more than the entry that each function has of its own.
    Function._jit_compile = property(
        lambda _: None, lambda function, asked: vars(function).update(_jit_compile=asked)
    )
    try:
        yield
    finally:
        del Function._jit_compile


@contextlib.contextmanager
def pretended_gpu(there: bool = True) -> Iterator[None]:
    """Let Keras choose as if there were a GPU, or none, whatever there is.

    What is traced with a GPU holds cuDNN's kernel where Keras would take it; without one it can be
    looked at, but not run. What is traced without a GPU holds the loop over time, which XLA can
    compile; the kernel it can't.

    Args:
        there: whether Keras shall see a GPU.
    """
    # By its full name: in Keras's package, the name stands for the function.
    rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    asks = rnn._is_gpu_available
    rnn._is_gpu_available = lambda: there
    try:
        yield
    finally:
        rnn._is_gpu_available = asks


def gradient_sizes(loss: Callable[[], Any], variables: Iterable[Any]) -> dict[str, float]:
    """The largest entry of the gradient to each variable; NaN where the tape finds no way to it.

    Args:
        loss: gives the number whose gradient is taken.
        variables: of TensorFlow or Keras.
    """
    import tensorflow as tf

    variables = list(variables)
    with tf.GradientTape() as tape:
        value = loss()
    theirs = [one if isinstance(one, tf.Variable) else one.value for one in variables]
    found = tape.gradient(value, theirs)
    sizes = {}
    for number, (variable, gradient) in enumerate(zip(variables, found, strict=True)):
        name = variable.name.split("/")[-1].split(":")[0] or f"weight {number}"
        name = name if name not in sizes else f"{name} ({number})"
        sizes[name] = (
            float("nan") if gradient is None else float(tf.reduce_max(tf.abs(dense(gradient))))
        )
    return sizes


def dense(gradient: Any) -> Any:
    """A gradient as a tensor: that of an embedding comes as slices."""
    import tensorflow as tf

    return tf.convert_to_tensor(gradient)


@contextlib.contextmanager
def without_advice() -> Iterator[None]:
    """While it lasts, TensorFlow keeps its advice to itself, such as that on tracing too often.

    A check makes the same training step several times over, which is what it advises against.
    """
    import tensorflow as tf

    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)


class Counting:
    """A function that counts how often Python runs it: once for each trace of what calls it.

    Args:
        function: what is called.
    """

    def __init__(self, function: Callable):
        self.function = function
        self.times = 0
        self.traced = False  # whether the last time was for a graph

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Count, and call."""
        import tensorflow as tf

        self.times += 1
        self.traced = tf.inside_function()
        return self.function(*arguments, **named)


def namespace_of(thing: Any) -> dict[str, Any]:
    """The names that a function, or a class by its methods, looks up: those of its notebook."""
    with contextlib.suppress(Exception):  # attributes of an object of the learner's own can raise
        inner = inspect.unwrap(getattr(thing, "func", thing))  # below partial and decorators
        if isinstance(inner, type):
            inner = next((m for m in vars(inner).values() if hasattr(m, "__globals__")), inner)
        return getattr(inner, "__globals__", {})
    return {}


def own_twin(thing: Any, name: str) -> Callable | None:
    """The learner's own function of a name, in the notebook of `thing`; None if it isn't there.

    A check leaves it there once it has passed, and puts the course's own in its place until then.
    """
    there = namespace_of(thing).get(name)
    mine = callable(there) and not getattr(there, "__module__", "").startswith("course_lib.")
    return there if mine else None


def written(run: Callable[[], Any]) -> list[tuple[int, ...]]:
    """The shape of each tensor that TensorFlow's operations give while a function runs.

    All of it runs eagerly, so a loop in the graph counts at every turn.

    Args:
        run: what to watch.
    """
    from tensorflow.python.framework import op_callbacks

    shapes = []

    def note(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        shapes.extend(tuple(one.shape) for one in outputs)

    op_callbacks.add_op_callback(note)
    try:
        with step_by_step():
            run()
    finally:
        op_callbacks.remove_op_callback(note)
    return shapes
