// Claim of N contiguous regions, with its release, in a table that is full like a chequerboard.
//
// 65,536 regions have every other one in use (50 %), or all but every twentieth (95 %): no two free ones
// meet. Behind them lie holes of exactly N regions, as many as there are threads at the most: the claim is
// met there, at the far end of a search by address. In `unmet` cells the holes are one region too small.
#include <algorithm>
#include <memory>

#include "region/cell.hpp"
#include "region/region_bench.hpp"
#include "region/span_pools.hpp"
#include "support/statistics.hpp"

namespace shunt::bench {
namespace {

constexpr std::uint32_t board = 65'536;
constexpr std::uint32_t room_for_holes = 32'768;

struct Question {
  std::uint32_t count;
  unsigned percent;  // of the board that is in use
  bool met;

  std::uint32_t holes() const { return std::clamp(room_for_holes / count, 1u, 64u); }
  std::vector<unsigned> threads() const {
    std::vector<unsigned> all;
    for (const unsigned n : thread_counts) {
      if (n <= holes()) all.push_back(n);
    }
    return all;
  }
  std::string name() const {
    return "contiguous/" + std::string(met ? "met" : "unmet") + "/full:" + std::to_string(percent) +
           "/count:" + std::to_string(count);
  }
};

InUse layout(const Question& q) {
  const std::uint32_t one_free_in = 100 / (100 - q.percent);
  InUse in_use(board + 1 + room_for_holes + q.holes(), true);
  for (std::uint32_t i = 1; i < board; i += one_free_in) in_use[i] = false;
  for (std::uint32_t hole = 0; hole < q.holes(); ++hole) {
    const std::uint32_t start = board + 1 + hole * (q.count + 1);  // no free region in front of it
    for (std::uint32_t i = start; i < start + q.count - (q.met ? 0 : 1); ++i) in_use[i] = false;
  }
  return in_use;
}

// How many claims there were, and how many were refused, of each thread.
struct alignas(64) Refused {
  std::uint64_t claims = 0;
  std::uint64_t refused = 0;
};
using RefusedByName = std::map<std::string, std::shared_ptr<std::vector<Refused>>>;

template <class Pool>
[[gnu::noinline]] void claim_and_release(Pool& pool, std::uint32_t count, std::uint64_t operations,
                                         Refused& refused) {
  for (std::uint64_t done = 0; done < operations; ++done) {
    const std::uint32_t start = pool.claim(count);
    ++refused.claims;
    if (start == no_region) {
      ++refused.refused;
    } else {
      pool.release(start, count);
    }
  }
}

template <class Pool>
void add_side(const Question& q, const std::shared_ptr<Pool>& pool, unsigned threads, const char* name,
              std::vector<Side>& sides, RefusedByName& refused) {
  const std::uint32_t first = pool->claim(q.count);
  if ((first != no_region) != q.met) give_up(name, "wrong answer");
  if (q.met) pool->release(first, q.count);
  const auto mine = std::make_shared<std::vector<Refused>>(threads);
  const std::string side = side_name(threads, name);
  refused[side] = mine;
  sides.push_back({side, threads, [=](unsigned thread, std::uint64_t operations) {
                     claim_and_release(*pool, q.count, operations, (*mine)[thread]);
                   }});
}

Counters count(const std::string& side, const Samples& samples, const RefusedByName& refused) {
  const std::string threads = side.substr(0, side.find('/') + 1);
  const auto time_over = [&](const char* other) {
    return paired_ratio(samples.at(side), samples.at(threads + other));
  };
  double claims = 0, not_met = 0;
  for (const Refused& of_thread : *refused.at(side)) {
    claims += static_cast<double>(of_thread.claims);
    not_met += static_cast<double>(of_thread.refused);
  }
  return {{"ratio_vs_mutex", time_over("mutex_spans")},
          {"ratio_vs_mutex_words", time_over("mutex_spans_words")},
          {"refused_percent", 100 * not_met / claims}};
}

OpenCell open(const Question& q) {
  using baselines::LockedSpans;
  const InUse in_use = layout(q);
  const auto table = std::make_shared<SpanTable>(in_use);
  const auto space = std::make_shared<SpanSpace>(in_use);
  const auto spans = std::make_shared<SpanBaseline<LockedSpans::Words::None>>(in_use);
  const auto spans_words = std::make_shared<SpanBaseline<LockedSpans::Words::Written>>(in_use);
  OpenCell cell;
  RefusedByName refused;
  for (const unsigned threads : q.threads()) {
    add_side(q, table, threads, "table", cell.sides, refused);
    add_side(q, space, threads, "space", cell.sides, refused);
    add_side(q, spans, threads, "mutex_spans", cell.sides, refused);
    add_side(q, spans_words, threads, "mutex_spans_words", cell.sides, refused);
  }
  cell.count = [refused](const std::string& side, const Samples& samples) {
    return count(side, samples, refused);
  };
  return cell;
}

void register_question(const Question& q) {
  std::vector<std::string> names;
  for (const unsigned threads : q.threads()) {
    for (const char* name : {"table", "space", "mutex_spans", "mutex_spans_words"}) {
      names.push_back(side_name(threads, name));
    }
  }
  register_cell({q.name(), names, [q] { return open(q); }, turns_of(7, 4e6, Clock::Wall)});
}

}  // namespace

void register_contiguous_cells() {
  for (const bool met : {true, false}) {
    for (const unsigned percent : {50u, 95u}) {
      for (const std::uint32_t count : {2u, 16u, 256u, 4096u, 32'768u})
        register_question({count, percent, met});
    }
  }
}

}  // namespace shunt::bench
