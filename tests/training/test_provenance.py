"""A result says which machine made it: the processor, what it can do, and what it was told."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from course_lib import __version__
from course_lib.training import provenance
from course_lib.training.provenance import (
    cores_used,
    hardware,
    instruction_set,
    same_kind_of_machine,
)

X86 = """processor\t: 0
model name\t: Some Processor 9
flags\t\t: fpu sse4_2 fma avx avx2 avx512f smep svm avx_vnni
processor\t: 1
model name\t: Some Processor 9
flags\t\t: fpu
"""
ARM = "processor : 0\nFeatures  : fp asimd crc32 asimddp sve\nCPU part : 0xd0c\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (X86, ["avx", "avx2", "avx512f", "avx_vnni", "fma", "sse4_2"]),
        (ARM, ["asimd", "asimddp", "sve"]),
    ],
)
def test_the_extensions_that_matter_are_read(text, expected, tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(provenance, "CPUINFO", tmp_path / "cpuinfo")
    assert instruction_set() == expected


def test_elsewhere_numpy_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "CPUINFO", tmp_path / "none")
    found = instruction_set()
    assert found
    assert all(isinstance(one, str) for one in found)


def test_hardware_is_plain_and_holds_what_the_libraries_were_told(monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text(X86)
    monkeypatch.setattr(provenance, "CPUINFO", tmp_path / "cpuinfo")
    for name in provenance.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    found = hardware()
    assert json.loads(json.dumps(found)) == found
    assert found["cpu"] == "Some Processor 9"
    assert "avx2" in found["instruction_set"]
    assert found["settings"] == {"ONEDNN_MAX_CPU_ISA": "AVX2"}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"hardware": {"cpu": "A", "instruction_set": ["avx2", "fma"]}}, False),
        ({"versions": {"numpy": "2.5"}}, False),
    ],
)
def test_the_same_kind_of_machine(change, same):
    one = {"hardware": {"cpu": "A", "instruction_set": ["avx2"]}, "versions": {"numpy": "2.4"}}
    assert same_kind_of_machine(one, one | change) is same


@pytest.mark.parametrize(
    ("settings", "words"),
    [({}, "4 of 4 cores"), ({"TF_NUM_INTRAOP_THREADS": "1"}, "1 of 4 cores")],
)
def test_how_many_cores_were_used_is_what_tensorflow_was_told(settings, words):
    assert cores_used({"hardware": {"cores": 4, "settings": settings}}) == words


def test_where_no_instruction_set_is_stored_it_is_not_known():
    old = {"hardware": {"cpu": "A"}, "versions": {}}
    assert not same_kind_of_machine(old, old)


# Stored before the field was there. None is added, and one that is run again leaves the list.
OLDER = """
    check-seconds
    cells-adding cells-copy-open cells-copy cells-mnist
    gradnets-grelu-gain-stop gradnets-grelu
    gradnets-plain-he gradnets-recurrent gradnets-rezero gradnets-tat
    lstm-mnist-seed1 lstm-mnist-seed2 lstm-mnist-two-epochs-seed1
    lstm-mnist-two-epochs-seed2 lstm-mnist-two-epochs lstm-mnist project-rows-seed1 project-rows
    vanilla-mnist-constant vanilla-mnist-seed1 vanilla-mnist-seed2 vanilla-mnist
"""
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
CHECKS = "check-seconds"  # measured exercise by exercise, so perhaps in several runs


def stored(name):
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def test_every_stored_result_but_the_oldest_says_its_instruction_set():
    lacking = set()
    for file in sorted(RESULTS.glob("*.json")):
        result = stored(file.stem)
        runs = result["runs"] if file.stem == CHECKS else [result]
        if not all(run.get("hardware", {}).get("instruction_set") for run in runs):
            lacking.add(file.stem)
    assert lacking == set(OLDER.split())


def test_a_bare_checkout_knows_its_versions(monkeypatch):
    """The course is a folder on the path there, and no installed package."""

    def version(package):
        if package == "course-lib":
            raise importlib.metadata.PackageNotFoundError(package)
        return "1.2.3"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert provenance.versions()["course-lib"] == __version__
