// Spans that cannot be moved, given to a page mover beside one that can.
#include "faults/bad_input.hpp"

namespace shunt::testing {
namespace {

// A page mover of a reservation of its own: one page with contents at its start.
struct Stage {
  explicit Stage(EngineKind engine) : heap(os::SystemCalls::real(), options_for(engine)) {
    REQUIRE(heap.open().ok());
    *pointer_to<std::uint64_t>(base()) = 0x5A;
    *pointer_to<std::uint64_t>(base() + 8 * page_bytes) = 0xA5;
  }
  static HeapOptions options_for(EngineKind engine) {
    HeapOptions options = small_heap(engine);
    options.maximum_bytes = 8 * options.region_bytes;
    return options;
  }
  Address base() const { return heap.geometry().base; }
  std::uint64_t word(std::size_t page) const {
    return *pointer_to<std::uint64_t>(base() + page * page_bytes);
  }
  Heap heap;
};

// The bad span between two good ones: the good ones move, the bad one answers, its contents stay.
std::string try_span(EngineKind engine, const std::function<MoveSpan(const Stage&)>& make,
                     std::size_t begun) {
  Stage stage(engine);
  const Address base = stage.base();
  const MoveSpan spans[] = {{base + 8 * page_bytes, base + 40 * page_bytes, page_bytes},
                            make(stage),
                            {base + 12 * page_bytes, base + 44 * page_bytes, page_bytes}};
  SpanOutcome outcomes[3];
  outcomes[1].bytes_moved = begun;
  MoveReport report;
  stage.heap.page_mover().move({spans, outcomes}, report);
  if (outcomes[0].reason != Reason::None || outcomes[0].bytes_moved != page_bytes || stage.word(40) != 0xA5)
    return "the good span before it did not move";
  if (outcomes[2].reason != Reason::None || outcomes[2].bytes_moved != page_bytes)
    return "the good span behind it did not move";
  if (stage.word(0) != 0x5A) return "the contents changed";
  if (outcomes[1].bytes_moved != begun) return "the outcome changed";
  if (outcomes[1].reason == Reason::None) return "accepted";
  return report.left[static_cast<std::size_t>(outcomes[1].reason)] == 1 ? name_of(outcomes[1].reason)
                                                                        : "not in the report";
}

BadInput span(std::string name, std::function<MoveSpan(const Stage&)> make, std::string says,
              std::size_t begun = 0) {
  return {std::move(name),
          [=](ModelHeap&) -> std::string {
            for (const EngineKind engine : all_engines) {
              const std::string answer = try_span(engine, make, begun);
              if (answer.find(says) == answer.npos) return std::string(engine_name(engine)) + ": " + answer;
            }
            return says;
          },
          says};
}

}  // namespace

std::vector<BadInput> bad_spans() {
  constexpr std::size_t page = page_bytes;
  static const char outside[16] = {};
  return {
      span(
          "a misaligned source",
          [](const Stage& s) {
            return MoveSpan{s.base() + 8, s.base() + 32 * page, page};
          },
          "bad span"),
      span(
          "a misaligned destination",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page + 1, page};
          },
          "bad span"),
      span(
          "half a page",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page, page / 2};
          },
          "bad span"),
      span(
          "no bytes",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page, 0};
          },
          "accepted"),
      span(
          "SIZE_MAX bytes",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page, SIZE_MAX};
          },
          "bad span"),
      span(
          "all pages of the address space",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page, SIZE_MAX - page + 1};
          },
          "bad span"),
      span(
          "a source that ends outside",
          [](const Stage& s) {
            return MoveSpan{s.heap.geometry().range().end() - page, s.base() + 32 * page, 2 * page};
          },
          "bad span"),
      span(
          "a foreign source",
          [](const Stage& s) {
            return MoveSpan{align_down(address_of(outside), page), s.base() + 32 * page, page};
          },
          "bad span"),
      span(
          "a foreign destination",
          [](const Stage& s) {
            return MoveSpan{s.base(), align_down(address_of(outside), page), page};
          },
          "bad span"),
      span(
          "from null",
          [](const Stage& s) {
            return MoveSpan{Address::null, s.base() + 32 * page, page};
          },
          "bad span"),
      span(
          "onto itself",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base(), page};
          },
          "bad span"),
      span(
          "onto its own second page",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + page, 2 * page};
          },
          "bad span"),
      span(
          "begun beyond its end",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page, page};
          },
          "bad span", 2 * page),
      span(
          "begun within a page",
          [](const Stage& s) {
            return MoveSpan{s.base(), s.base() + 32 * page, page};
          },
          "bad span", 100),
  };
}

}  // namespace shunt::testing
