// Handles over simulated atomics, explored: a resolve sees one life of an entry and all of it, of two
// releases one wins, no entry is handed out twice. Each order and step of HandleProtocol is weakened, and
// missed.
#include <array>
#include <functional>

#include "region/exploration.hpp"
#include "runtime/handle_entries.hpp"

using namespace shunt::testing;
using namespace shunt;

namespace {

struct MutableHandles {
  static inline auto generation_read = HandleProtocol::generation_read;
  static inline auto generation_publish = HandleProtocol::generation_publish;
  static inline auto target_read = HandleProtocol::target_read;
  static inline auto target_write = HandleProtocol::target_write;
  static inline auto free_pop = HandleProtocol::free_pop;
  static inline auto free_push = HandleProtocol::free_push;
  static inline bool tags_free_stack = HandleProtocol::tags_free_stack;
};

// Each life has a target in which every field says which life it is.
HandleTarget target_of_life(unsigned life) { return {Address{life * 4096ul}, life, std::size_t{1} << life}; }

struct ExploredHandles {
  using Entries = BasicHandleEntries<Simulated, MutableHandles>;

  Entries::Control control;
  std::array<Entries::Entry, 2> storage{};
  Entries entries{control, storage.data(), 2};
  std::array<Handle, 3> held{};  // what each thread has at its end; {0, 0} is none

  ExploredHandles() {
    control.free_top.name("free_top");
    control.used.name("used");
    control.live.name("live");
    for (int i = 0; i < 2; ++i) {
      storage[i].address.name("address", i);
      storage[i].size.name("size", i);
      storage[i].generation.name("generation", i);
      storage[i].alignment_shift.name("alignment", i);
      storage[i].next_free.name("next_free", i);
    }
  }
  Handle create(unsigned life) {
    const Result<Handle> created = entries.create(target_of_life(life));
    require(created.ok(), "there is room for each create of these programs");
    return created.value();
  }
  void free_stack_of_two() {
    const Handle a = create(1), b = create(2);
    entries.release(b);
    entries.release(a);
  }
  void check_held() {
    for (std::size_t i = 0; i < held.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        require(held[i].generation == 0 || held[k].generation == 0 || held[i].index != held[k].index,
                "no entry is handed out twice");
      }
    }
  }
};

using Handles = Program<ExploredHandles>;

// Life 1 ends and life 3 begins in the same entry while another thread asks for life 1.
Handles resolve_against_reuse(bool other_thread_reuses) {
  Handles program;
  program.prepare = [](ExploredHandles& s) { s.create(1); };
  program.threads.push_back([=](ExploredHandles& s) {
    s.entries.release({0, 1});
    if (!other_thread_reuses) s.create(3);
  });
  program.threads.push_back([](ExploredHandles& s) {
    const auto found = s.entries.resolve({0, 1});
    require(!found || *found == target_of_life(1), "what is resolved is of the handle's life, whole");
  });
  if (other_thread_reuses) program.threads.push_back([](ExploredHandles& s) { s.create(3); });
  return program;
}

// Who guesses a handle, before anybody has told him of it.
Handles resolve_against_create() {
  Handles program;
  program.threads = {[](ExploredHandles& s) { s.create(1); },
                     [](ExploredHandles& s) {
                       const auto found = s.entries.resolve({0, 1});
                       require(!found || *found == target_of_life(1),
                               "a live handle names its target, whole");
                     }};
  return program;
}

Handles release_against_release() {
  Handles program;
  program.prepare = [](ExploredHandles& s) { s.create(1); };
  const auto release = [](unsigned self) {
    return [=](ExploredHandles& s) {
      const auto named = s.entries.release({0, 1});
      require(!named || *named == target_of_life(1), "a release answers what the handle named");
      if (named) s.held[self] = {9, 1};
      if (named && self == 0) s.create(3);
    };
  };
  program.threads = {release(0), release(1)};
  program.finish = [](ExploredHandles& s) {
    require((s.held[0].index == 9) != (s.held[1].index == 9), "one release wins");
  };
  return program;
}

// A pop that has looked at the stack while its top went and came back (ABA).
Handles create_against_reuse() {
  Handles program;
  program.prepare = [](ExploredHandles& s) { s.free_stack_of_two(); };
  program.threads = {[](ExploredHandles& s) {
                       const Result<Handle> created = s.entries.create(target_of_life(3));
                       if (created.ok()) s.held[0] = created.value();
                     },
                     [](ExploredHandles& s) {
                       const Result<Handle> first = s.entries.create(target_of_life(4));
                       const Result<Handle> second = s.entries.create(target_of_life(5));
                       if (second.ok()) s.held[1] = second.value();
                       if (first.ok()) s.entries.release(first.value());
                     }};
  program.finish = [](ExploredHandles& s) {
    s.check_held();
    if (s.held[0].generation != 0) {
      require(s.entries.resolve(s.held[0]) == target_of_life(3), "a held handle names its target");
    }
    if (s.held[0].generation != 0 && s.held[1].generation != 0) {
      require(!s.entries.create(target_of_life(6)).ok(), "with both entries held there is none left");
    }
  };
  return program;
}

// An entry that one thread pushes and another pops: it is in its next life, behind the last one's end.
Handles create_against_release() {
  Handles program;
  program.prepare = [](ExploredHandles& s) {
    s.held[0] = s.create(1);
    s.held[1] = s.create(2);
  };
  program.threads = {[](ExploredHandles& s) { s.entries.release(std::exchange(s.held[0], Handle{})); },
                     [](ExploredHandles& s) { s.entries.release(std::exchange(s.held[1], Handle{})); },
                     [](ExploredHandles& s) {
                       const Result<Handle> created = s.entries.create(target_of_life(3));
                       if (!created.ok()) return;
                       s.held[2] = created.value();
                       require(s.held[2].generation == 3, "an entry that was released is in its second life");
                     }};
  program.finish = [](ExploredHandles& s) {
    s.check_held();
    require(s.entries.live_count() == (s.held[2].generation != 0), "live handles are counted");
    Handle more[2];
    for (Handle& h : more) {
      const Result<Handle> created = s.entries.create(target_of_life(4));
      if (created.ok()) h = created.value();
    }
    require((more[1].generation != 0) == (s.held[2].generation == 0), "no free entry is lost");
  };
  return program;
}

struct Named {
  const char* name;
  Handles program;
};
std::vector<Named> programs() {
  return {{"handles: resolve/release, create", resolve_against_reuse(false)},
          {"handles: resolve/release/create", resolve_against_reuse(true)},
          {"handles: resolve/create", resolve_against_create()},
          {"handles: release/release, create", release_against_release()},
          {"handles: create/create, create, release", create_against_reuse()},
          {"handles: release/release/create", create_against_release()}};
}

bool is_found() {
  for (const Named& named : programs()) {
    if (!explore(named.program, Options{}).holds()) return true;
  }
  return false;
}

template <class Member>
bool is_missed(Member& member, Member weakened) {
  const Member right = std::exchange(member, weakened);
  const bool found = is_found();
  member = right;
  return found;
}

}  // namespace

TEST_CASE("exploration: handles are created, resolved and released") {
  for (const Named& named : programs()) explore_all(named.name, named.program);
}

TEST_CASE("exploration: every member of the handles' protocol is missed when it is weakened") {
  using M = MutableHandles;
  CHECK(is_missed(M::generation_read, std::memory_order_relaxed));
  CHECK(is_missed(M::generation_publish, std::memory_order_relaxed));
  CHECK(is_missed(M::target_read, std::memory_order_relaxed));
  CHECK(is_missed(M::target_write, std::memory_order_relaxed));
  CHECK(is_missed(M::free_pop, std::memory_order_relaxed));
  CHECK(is_missed(M::free_push, std::memory_order_relaxed));
  CHECK(is_missed(M::tags_free_stack, false));
}
