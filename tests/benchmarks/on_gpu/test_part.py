"""A part in a process of its own: an error costs its own row, and so does time."""

import json

from course_lib.benchmarks.on_gpu import part


def test_an_error_costs_its_own_row():
    def fails():
        raise MemoryError("no room\nfor this")

    tasks = [({"T": 1}, lambda: {"ms": 2}), ({"T": 2}, fails), ({"T": 3}, lambda: {"ms": 4})]
    assert list(part.rows(iter(tasks), float("inf"))) == [
        {"T": 1, "ms": 2},
        {"T": 2, "error": "MemoryError: no room for this"},
        {"T": 3, "ms": 4},
    ]


def test_what_there_is_no_time_for_is_said():
    (row,) = part.rows(iter([({"T": 1}, lambda: 1 / 0)]), until=0.0)
    assert row == {"T": 1, "left_out": "There was no time left."}


def test_a_row_is_written_as_soon_as_it_is_known(tmp_path, monkeypatch, capsys):
    from course_lib.benchmarks.on_gpu import memory

    file = tmp_path / "rows"

    def tasks(device, quick, seconds):
        yield {"T": 1}, lambda: {"mib": 2.5}
        yield {"T": 2}, lambda: {"lines": len(file.read_text().splitlines())}

    monkeypatch.setattr(memory, "tasks", tasks)
    settings = json.dumps({"device": "GPU:0", "quick": True, "seconds": 60})
    monkeypatch.setattr("sys.argv", ["part", "memory", settings, str(file)])
    part.main()
    lines = file.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"T": 1, "mib": 2.5}, {"T": 2, "lines": 1}]
    assert capsys.readouterr().out == "  memory: T 1, mib 2.5\n  memory: T 2, lines 1\n"


def test_a_long_error_is_cut():
    assert len(part.in_words(ValueError("x" * 10_000))) == part.LONGEST
