#!/usr/bin/env python3
"""Prints the table of docs/benchmarks.md (compact) from JSON files of compact-bench: table.py FILE...

Every file is one run of the program; a cell that is in several files gets one row for each.
"""
import json
import sys

HEAD = ["cell", "memset-copy, ms", "memset_copy_live", "chooser", "copy_only", "mremap_per_run", "chooser against copy_only",
        "without mark and fix", "resident MiB: before, chooser, memset-copy", "VMAs added: chooser, mremap_per_run"]


def cells_of(file):
    cells = {}
    with open(file, encoding="utf-8") as text:
        for result in json.load(text)["benchmarks"]:
            if result.get("error_occurred"):
                sys.exit(f"{file}: {result['name']}: {result['error_message']}")
            parts = result["name"].replace("/iterations:1/manual_time", "").split("/")
            cells.setdefault("/".join(parts[1:-1]), {})[parts[-1]] = result
    return cells


def row(name, cell):
    chooser, memset = cell["chooser"], cell["memset_copy"]
    mremap = cell.get("mremap_per_run")
    ratio = "ratio_vs_memset_copy"
    return [name, f"{memset['real_time']:.0f}", f"{cell['memset_copy_live'][ratio]:.2f}", f"{chooser[ratio]:.2f}", f"{cell['copy_only'][ratio]:.2f}",
            f"{mremap[ratio]:.2f}" if mremap else "", f"{chooser['ratio_vs_copy_only']:.2f}",
            f"{chooser['work_ratio_vs_copy_only']:.2f}",
            f"{chooser['resident_mib_before']:.0f}, {chooser['resident_mib_after']:.0f}, "
            f"{memset['resident_mib_after']:.0f}",
            f"{chooser['vmas_added']:.0f}, " + (f"{mremap['vmas_added']:.0f}" if mremap else "-")]


def main():
    print("| " + " | ".join(HEAD) + " |\n" + "| --- " * len(HEAD) + "|")
    for file in sys.argv[1:]:
        for name, cell in cells_of(file).items():
            if {"chooser", "copy_only", "memset_copy", "memset_copy_live"} <= cell.keys():
                print("| " + " | ".join(row(name, cell)) + " |")


main()
