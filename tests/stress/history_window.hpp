// A window of history: a table of a few regions in a random state, and threads that each make a few random
// calls on it, recorded and then checked against region_spec.hpp.
//
// The calls keep to the table's rules for callers: only who claimed a region retires it, only who quarantined
// it releases it, and only regions that are certainly in use (`kept`) are pinned. What lies between, from
// Live to Quarantined, anybody may try.
#pragma once

#include <memory>

#include "stress/history_recorder.hpp"
#include "stress/workers.hpp"

namespace shunt::testing {

template <class Protocol>
class HistoryWindow {
 public:
  using Table = BasicRegionTable<YieldingAtomic, Protocol>;
  static constexpr unsigned max_regions = RegionSpec::max_regions;

  HistoryWindow(unsigned threads, unsigned regions, std::uint64_t seed)
      : words_(regions),
        control_(std::make_unique<typename Table::Control>()),
        table_({Address{std::uintptr_t{1} << 44}, 21, 4, regions}, words_, *control_),
        players_(threads),
        recorder_(table_, threads) {
    std::mt19937_64 random(seed);
    for (unsigned r = 0; r < regions;) r += put_something(RegionIndex{r}, regions - r, random);
    for (unsigned r = 0; r < regions; ++r) initial_[r] = table_.word(RegionIndex{r});
  }

  // In the thread `thread` (from 0) of all.
  void play(unsigned thread, Worker& worker) {
    begun_.fetch_add(1);
    while (begun_.load() < players_.size()) std::this_thread::yield();
    Player& player = players_[thread];
    ClaimHint hint(thread);
    for (unsigned calls = 3 + worker.below(4); calls > 0; --calls) {
      make_call(player, recorder_.log(thread), hint, worker);
    }
  }

  std::vector<RegionEvent> events() const { return recorder_.events(); }
  std::uint64_t overlaps() const { return recorder_.overlaps(); }
  RegionSpec initial() const { return RegionSpec(static_cast<unsigned>(words_.size()), initial_); }
  std::string initial_text() const {
    std::string text;
    for (unsigned r = 0; r < words_.size(); ++r) {
      RegionStep look;
      look.region = static_cast<std::uint8_t>(r);
      text += "  at first: " + RegionSpec::describe(look, {.word = initial_[r]}) + "\n";
    }
    return text;
  }

 private:
  using Log = CallLog<Table>;
  // What a thread may do that others may not; by region.
  struct Player {
    std::array<bool, max_regions> to_retire{}, to_release{};
    std::array<std::uint8_t, max_regions> pinned{};  // how often, by the region it was pinned through
    RegionIndex last = RegionIndex::none;            // looked at last
    RegionWord seen;
  };

  // Regions from r up get a state; answers how many.
  unsigned put_something(RegionIndex r, unsigned room, std::mt19937_64& random) {
    using enum RegionState;
    const auto generation = static_cast<std::uint16_t>(0xFFFE + random() % 4);
    const RegionWord fresh = RegionWord{}.with_generation(generation);
    Player& owner = players_[random() % players_.size()];
    const unsigned choice = static_cast<unsigned>(random() % 8);
    if (choice < 3) return put(r, fresh);
    if (choice == 3) {
      owner.to_retire[value(r)] = true;
      return put(r, fresh.with(Allocating).with(RegionKind::Medium));
    }
    if (choice == 4) {
      owner.to_release[value(r)] = true;
      return put(r, fresh.with(Quarantined));
    }
    const auto state = random() % 4 == 0 ? Selected : Live;
    const bool kept = random() % 2 == 0;
    const unsigned count = choice == 5 || room == 1 ? 1u : 2 + static_cast<unsigned>(random() % (room - 1));
    for (unsigned k = 0; k < count; ++k) {
      kept_[value(r) + k] = kept;
      const auto kind = count == 1 ? RegionKind::Small
                        : k == 0   ? RegionKind::LargeHead
                                   : RegionKind::LargeTail;
      const unsigned shape = count == 1 ? 0 : k == 0 ? count : k;
      put(r + k, fresh.with(state).with(kind).with_payload(shape));
    }
    return count;
  }
  unsigned put(RegionIndex r, RegionWord w) {
    words_[value(r)].store(w.bits(), std::memory_order_relaxed);
    return 1;
  }

  void make_call(Player& player, Log& log, ClaimHint& hint, Worker& worker) {
    const RegionIndex r{worker.below(table_.size())};
    switch (worker.below(13)) {
      case 0:
      case 1:
      case 2:
        return take(player, log.claim(RegionKind::Small, hint), 1);
      case 3:
      case 4: {
        const std::uint32_t count = 1 + worker.below(table_.size());
        return take(player, log.claim_contiguous(count), count);
      }
      case 5: {
        const std::uint32_t count = 1 + worker.below(table_.size() - value(r));
        return take(player, log.claim_at(r, count) ? r : RegionIndex::none, count);
      }
      case 6:
      case 7:
        return retire_or_look(player, log);
      case 8:
      case 9:
        return step_on(player, log, r, worker);
      case 10:
        return step_on_what_was_seen(player, log, worker);
      case 11:
        return release(player, log, worker);
      default:
        return pin_or_look(player, log, r, worker);
    }
  }
  void take(Player& player, RegionIndex head, std::uint32_t count) {
    for (std::uint32_t k = 0; head != RegionIndex::none && k < count; ++k)
      player.to_retire[value(head + k)] = true;
  }
  void look(Player& player, Log& log, RegionIndex r) {
    player.seen = log.look(r);
    player.last = r;
  }
  void retire_or_look(Player& player, Log& log) {
    for (unsigned r = table_.size(); r-- > 0;) {
      if (!player.to_retire[r]) continue;
      player.to_retire[r] = false;
      log.transition(RegionIndex{r}, RegionState::Allocating, RegionState::Live);
      return;
    }
    look(player, log, RegionIndex{0});
  }
  void step_on(Player& player, Log& log, RegionIndex r, Worker& worker) {
    using enum RegionState;
    static constexpr LegalTransition steps[] = {
        {Live, Selected, "", ""},       {Live, Quarantined, "", ""}, {Selected, Live, "", ""},
        {Selected, Forwarding, "", ""}, {Forwarding, Live, "", ""},  {Forwarding, Quarantined, "", ""}};
    const LegalTransition& step = steps[worker.below(std::size(steps))];
    const bool done{log.transition(r, step.from, step.to)};
    if (done && step.to == Quarantined) player.to_release[value(r)] = !kept_[value(r)];
  }
  void step_on_what_was_seen(Player& player, Log& log, Worker& worker) {
    using enum RegionState;
    const RegionIndex r = player.last;
    const bool usable =
        r != RegionIndex::none && player.seen.is(Live) && player.seen.kind() == RegionKind::Small;
    if (!usable) return look(player, log, RegionIndex{worker.below(table_.size())});
    log.transition(r, player.seen, Selected, 1 + worker.below(9));
  }
  // Regions side by side at once, or one by a transition.
  void release(Player& player, Log& log, Worker& worker) {
    unsigned first = 0;
    while (first < table_.size() && !player.to_release[first]) ++first;
    unsigned end = first;
    while (end < table_.size() && player.to_release[end]) player.to_release[end++] = false;
    if (first == end) return look(player, log, RegionIndex{worker.below(table_.size())});
    if (end == first + 1 && worker.once_in(2)) return log.transition_to_free(RegionIndex{first});
    log.release(RegionIndex{first}, end - first);
  }
  void pin_or_look(Player& player, Log& log, RegionIndex r, Worker& worker) {
    if (!kept_[value(r)]) return look(player, log, r);
    std::uint8_t& pins = player.pinned[value(r)];
    if (pins == 0 || worker.once_in(2)) {
      pins = static_cast<std::uint8_t>(pins + (log.pin(r) == PinOutcome::Done));
    } else {
      pins = static_cast<std::uint8_t>(pins - (log.unpin(r) == PinOutcome::Done));
    }
  }

  std::vector<typename Table::Word> words_;
  std::unique_ptr<typename Table::Control> control_;
  Table table_;
  std::array<RegionWord, max_regions> initial_{};
  std::array<bool, max_regions> kept_{};  // in use for the whole window
  std::vector<Player> players_;
  HistoryRecorder<Table> recorder_;
  std::atomic<unsigned> begun_ = 0;
};

}  // namespace shunt::testing
