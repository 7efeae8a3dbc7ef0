#!/usr/bin/env python3
"""Prints the table of docs/benchmarks.md from the JSON of move-bench (--benchmark_out=FILE).

Several files: the median of each figure over the files.
"""
import json
import statistics
import sys

COLUMNS = ["memset_copy_cold", "memcpy_only", "uffdio_move", "mremap_multi", "mremap_single", "page_copy",
           "page_copy_warm", "chooser", "chooser_warm", "chooser_recycle"]


def load(paths):
    figures = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for entry in json.load(file)["benchmarks"]:
                _, mutators, size, contender = entry["name"].split("/iterations")[0].rsplit("/", 3) \
                    if entry["name"].count("/") > 4 else ("", "many_runs", *entry["name"].split("/")[1:3])
                figures.setdefault((mutators, size), {}).setdefault(contender, []).append(entry)
    return figures


def middle(entries, key):
    values = [entry[key] for entry in entries if key in entry]
    return statistics.median(values) if values else None


def short(value):
    return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def main():
    figures = load(sys.argv[1:])
    print("| mutators | run | memset-copy, ns/page | " + " | ".join(COLUMNS) + " | regret | regret, warm |")
    print("| --- " * (len(COLUMNS) + 5) + "|")
    for (mutators, size), cell in figures.items():
        if mutators == "many_runs":
            continue
        row = [mutators, size, short(middle(cell["memset_copy_warm"], "ns_per_page"))]
        row += [short(middle(cell.get(name, []), "ratio_vs_memset_copy")) for name in COLUMNS]
        row += [short(middle(cell[name], "regret")) for name in ("chooser", "chooser_warm")]
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
