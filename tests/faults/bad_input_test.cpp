// Bad input to everything public: an answer that says what would be right, and nothing has changed.
#include "faults/bad_input.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "os/vma.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

HeapOptions options() {
  HeapOptions o = small_heap(EngineKind::Copy);
  o.engine = std::nullopt;
  o.maximum_bytes = 32 * o.region_bytes;
  return o;
}

// Everything that may be asked about a heap without changing it.
struct Picture {
  explicit Picture(ModelHeap& model) {
    wrong = model.what_is_wrong();
    for (std::size_t i = 0; i < model.objects().size(); ++i) addresses.push_back(model.address_of(i));
    handles = model.heap().handles().live_count();
    regions = model.heap().regions().statistics();
    Result<os::VmaReader> reader = os::VmaReader::open(os::SystemCalls::real());
    if (reader) vmas = reader.value().count_in(model.heap().geometry().range()).value();
  }
  bool same_objects(const Picture& other) const {
    return wrong == other.wrong && addresses == other.addresses && handles == other.handles &&
           vmas == other.vmas && regions.live_bytes == other.regions.live_bytes;
  }
  bool same_regions(const Picture& other) const {
    return regions.top_bytes == other.regions.top_bytes &&
           std::equal(std::begin(regions.by_state), std::end(regions.by_state), other.regions.by_state) &&
           std::equal(std::begin(regions.by_kind), std::end(regions.by_kind), other.regions.by_kind);
  }

  std::string wrong;
  std::vector<Address> addresses;
  std::uint32_t handles = 0;
  RegionStatistics regions{};
  std::size_t vmas = 0;
};

void try_all(const std::vector<BadInput>& table) {
  ModelHeap model(options(), test_seed());
  model.churn(60);
  for (const BadInput& row : table) {
    const Picture before(model);
    REQUIRE(before.wrong == "");
    INFO(row.name);
    const std::string answer = row.attempt(model);
    INFO("the answer: " << answer);
    CHECK(answer.find(row.says) != answer.npos);
    const Picture after(model);
    CHECK(after.same_objects(before));
    CHECK((row.takes_room || after.same_regions(before)));
  }
  model.compact();
  std::printf("bad input: %zu rows tried\n", table.size());
}

// What a child that breaks a contract prints before it aborts.
std::string last_words(const std::function<void()>& breach) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const int number : {SIGABRT, SIGSEGV}) ::signal(number, SIG_DFL);
    ::dup2(ends[1], STDERR_FILENO);
    breach();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string words;
  char buffer[512];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    words.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? words : "did not abort: " + words;
}

}  // namespace

TEST_CASE("bad requests to an open heap get an answer that says what would be right, and change nothing") {
  try_all(bad_requests());
}

TEST_CASE("options out of range are refused, and the advice names the range") { try_all(bad_options()); }

TEST_CASE("spans that cannot be moved are told from the others, and left alone") { try_all(bad_spans()); }

TEST_CASE("damaged traces name the file and the byte") { try_all(damaged_traces()); }

TEST_CASE("what an embedder must never do with raw addresses stops the process before anything is changed") {
  struct Breach {
    const char* name;
    std::function<void(ModelHeap&)> commit;
    const char* says;
  };
  const Breach breaches[] = {
      {"a foreign address is released",
       [](ModelHeap& m) { m.heap().allocator().release(address_of(&m), 16, 0); }, "contains(address)"},
      {"null is released", [](ModelHeap& m) { m.heap().allocator().release(Address::null, 16, 0); },
       "contains(address)"},
      {"the address behind the heap is released",
       [](ModelHeap& m) { m.heap().allocator().release(m.heap().geometry().range().end(), 16, 0); },
       "contains(address)"},
      {"a misaligned address is released",
       [](ModelHeap& m) { m.heap().allocator().release(m.address_of(0) + 1, m.objects()[0].size, 0); },
       "is_aligned"},
      {"an address in a Free region is released",
       [](ModelHeap& m) {
         m.heap().allocator().release(m.heap().geometry().range().end() - page_bytes, 16, 0);
       },
       "Free"},
      {"more is released than lives there",
       [](ModelHeap& m) {
         const HeapGeometry& g = m.heap().geometry();
         m.heap().allocator().release(g.start_of(g.region_of(m.address_of(0))), g.bytes(), 0);
       },
       "live_bytes"},
      {"an object of no possible size is released",
       [](ModelHeap& m) { m.heap().allocator().release(m.address_of(0), SIZE_MAX, 0); }, "Refused"},
      {"a heap that was never opened is asked for its allocator",
       [](ModelHeap&) { Heap(os::SystemCalls::real(), options()).allocator(); }, "is_open()"},
      {"a heap that was never opened is joined by a reader",
       [](ModelHeap&) { static_cast<void>(Heap(os::SystemCalls::real(), options()).join_readers("early")); },
       "is_open()"},
      {"a heap that was never opened is asked for its statistics",
       [](ModelHeap&) { static_cast<void>(Heap(os::SystemCalls::real(), options()).statistics()); },
       "is_open()"},
      {"as many outcomes as spans",
       [](ModelHeap& m) {
         MoveSpan span;
         MoveReport report;
         m.heap().page_mover().move({{&span, 1}, {}}, report);
       },
       "outcomes.size()"},
  };
  ModelHeap model(options(), test_seed());
  model.churn(60);
  for (const Breach& breach : breaches) {
    INFO(breach.name);
    const std::string words = last_words([&] { breach.commit(model); });
    INFO(words);
    CHECK(words.find(breach.says) != words.npos);
    CHECK(words.find("did not abort") == words.npos);
  }
  CHECK(model.what_is_wrong() == "");
}
