#!/usr/bin/env python3
"""Prints the tables of docs/benchmarks.md from the JSON of region-bench (--benchmark_out=FILE).

Several files: the median of each figure over the files. Parts that a file lacks are left out.
"""
import json
import statistics
import sys

LATENCIES = [f"{operation}_{part}_ns" for operation in ("claim", "release") for part in ("p50", "p99", "p999")]


def load(paths):
    """{kind: {(cell words..., threads): {side: [entry]}}}"""
    figures = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for entry in json.load(file)["benchmarks"]:
                _, kind, *cell, threads, side = entry["name"].split("/iterations")[0].split("/")
                key = (*(word.split(":")[-1] for word in cell), threads.split(":")[1])
                figures.setdefault(kind, {}).setdefault(key, {}).setdefault(side, []).append(entry)
    return figures


def short(value):
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


class Row:
    def __init__(self, sides):
        self.sides = sides

    def __call__(self, side, key):
        values = [entry[key] for entry in self.sides.get(side, []) if key in entry]
        return short(statistics.median(values) if values else None)

    def note(self):
        return "oversubscribed" if any(e.get("label") for side in self.sides.values() for e in side) else ""


def table(title, heads, rows):
    print(f"**{title}**\n\n| " + " | ".join(heads) + " |")
    print("| --- " * len(heads) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def lookup(cells):
    heads = ["regions", "threads", "array, ns", "`lookup` / array", "`state` / array", "`lookup` / radix",
             "`state` / radix", "radix / array", "map / array"]
    rows = []
    for key, sides in cells.items():
        of = Row(sides)
        rows.append([*key, of("array", "ns"), of("lookup", "ratio_vs_array"), of("state", "ratio_vs_array"),
                     of("lookup", "ratio_vs_radix"), of("state", "ratio_vs_radix"), of("radix", "ratio_vs_array"),
                     of("map", "ratio_vs_array")])
    table("Look-up", heads, rows)


def barrier(cells):
    heads = ["nodes in", "threads", "chase, ns", "extra, ns", "extra, %", "scan, ns", "extra, ns", "extra, %"]
    rows = []
    for key, sides in cells.items():
        of = Row(sides)
        row = list(key)
        for loop in ("chase", "scan"):
            row += [of(f"{loop}_bare", "ns"), of(f"{loop}_barrier", "extra_ns"), of(f"{loop}_barrier", "extra_percent")]
        rows.append(row)
    table("Load barrier, fast path", heads, rows)


def forward(cells):
    sides = ["chain", "moved_latency", "moved_throughput", "copied_latency", "copied_throughput"]
    rows = [[*key, *(Row(cell)(side, "ns_per_call") for side in sides)] for key, cell in cells.items()]
    table("forward(), ns a call", ["threads", *(side.replace("_", ", ") for side in sides)], rows)


def claim(cells):
    heads = ["in use, %", "threads", "side", "ns", "ratio_vs_mutex", "ratio_vs_stack", "claim p50", "p99", "p99.9",
             "release p50", "p99", "p99.9", "vs_two_threads", ""]
    rows = []
    for key, sides in cells.items():
        of = Row(sides)
        for side in sides:
            rows.append([*key, side, of(side, "ns"), of(side, "ratio_vs_mutex"), of(side, "ratio_vs_stack"),
                         *(of(side, name) for name in LATENCIES), of(side, "vs_two_threads"), of.note()])
    table("Claim and release of one region", heads, rows)


def contiguous(cells):
    heads = ["claim is", "in use, %", "regions", "`space`, ns", "table, ns", "mutex_spans, ns", "with words, ns",
             "`space` / mutex", "`space` / with words", "`space` / mutex, 2 threads", "8", "64"]
    rows = []
    for key, sides in cells.items():
        if key[-1] != "1":
            continue
        of = Row(sides)
        row = [*key[:-1], *(of(side, "ns") for side in ("space", "table", "mutex_spans", "mutex_spans_words")),
               of("space", "ratio_vs_mutex"), of("space", "ratio_vs_mutex_words")]
        for threads in ("2", "8", "64"):
            row.append(Row(cells.get((*key[:-1], threads), {}))("space", "ratio_vs_mutex"))
        rows.append(row)
    table("Claim and release of contiguous regions; one thread but for the last columns", heads, rows)


def epochs(cells):
    sides = ["two_stores", "epoch", "fenced_store", "shared_lock"]
    rows = [[*key, *(Row(cell)(side, "ns") for side in sides)] for key, cell in cells.items()]
    table("Entering and leaving an epoch, ns", ["threads", *(side.replace("_", " ") for side in sides)], rows)


def main():
    figures = load(sys.argv[1:])
    for show in (lookup, barrier, forward, claim, contiguous, epochs):
        if show.__name__ in figures:
            show(figures[show.__name__])
    for key, sides in figures.get("open", {}).items():
        print(f"Opening and closing the tables of {key[0]}: {Row(sides)('space', 'ns')} ns")


if __name__ == "__main__":
    main()
