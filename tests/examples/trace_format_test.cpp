// The trace format: what is written is read again, and histories that cannot have happened are refused.
#include "trace_support.hpp"

namespace shunt::trace::testing {
namespace {

Totals count(const std::vector<Event>& history) {
  TotalsCounter counter;
  for (const Event& event : history) REQUIRE(counter.add(event) == nullptr);
  return counter.totals();
}

Event allocation(std::uint64_t object, std::uint64_t bytes) {
  Event event;
  event.object = object;
  event.bytes = bytes;
  return event;
}
Event freeing(std::uint64_t object) {
  Event event;
  event.kind = EventKind::free;
  event.object = object;
  return event;
}

// A hand-made trace whose header agrees with its events in number.
Craft sound_craft() {
  Craft parts;
  parts.events = {allocation(0, 100), allocation(1, 200), freeing(0)};
  parts.header.totals = count(parts.events);
  return parts;
}

void needs_error(const Craft& parts, const char* words) {
  const Folder folder;
  const std::string path = folder / "crafted";
  save(path, craft(parts));
  const auto error = error_of(path);
  REQUIRE(error.has_value());
  INFO(error->what());
  CHECK(std::string(error->what()).find(words) != std::string::npos);
  CHECK(std::string(error->what()).starts_with(path + ": byte " + std::to_string(error->offset()) + ": "));
}

}  // namespace

TEST_CASE("random histories come back as they were written") {
  std::mt19937_64 random(test_seed());
  const Folder folder;
  for (const std::size_t events : {0, 1, 2, 3, 100, 5'000, 20'000}) {
    const std::vector<Event> history = random_history(random, events);
    const Header written = write(folder / "t", history, example_header());
    Header expected = example_header();
    expected.totals = count(history);
    CHECK(written == expected);
    CHECK(verify(folder / "t") == expected);
    CHECK(read(folder / "t") == history);
  }
}

TEST_CASE("a history of several blocks comes back") {
  std::mt19937_64 random(test_seed());
  const Folder folder;
  std::vector<Event> history;
  const std::size_t events = layout::block_events_limit * 2 + 1;
  for (std::uint64_t object = 0; history.size() < events; ++object) {
    history.push_back(allocation(object, random() % 5000));
    if (object >= 700) history.push_back(freeing(object - 700 + (object % 2 == 0 ? 1 : -1)));
  }
  write(folder / "t", history, example_header());
  CHECK(read(folder / "t") == history);
  CHECK(verify(folder / "t").totals == count(history));
}

TEST_CASE("totals say when a heap is largest") {
  const Totals totals =
      count({allocation(0, 100), allocation(1, 50), freeing(0), allocation(2, 60), freeing(2)});
  CHECK(totals.peak_live_bytes == 150);
  CHECK(totals.peak_event == 1);
  CHECK(totals.peak_live_objects == 2);
  CHECK(totals.end_live_bytes == 50);
  CHECK(totals.allocated_bytes == 210);
  CHECK(totals.largest_bytes == 100);
}

TEST_CASE("the writer refuses events that cannot follow") {
  const Folder folder;
  Writer writer(folder / "t", example_header());
  CHECK(writer.allocate(10, 1, false, 0) == 0);
  CHECK_THROWS_AS(writer.release(1, 0), Error);
  CHECK_THROWS_AS(writer.append(allocation(5, 1)), Error);
  CHECK_THROWS_AS(writer.reallocate(9, 1, 0), Error);
  writer.release(0, 0);
  CHECK_THROWS_AS(writer.release(0, 0), Error);
  CHECK_THROWS_AS(writer.reallocate(0, 5, 0), Error);
  Event odd = allocation(1, 1);
  odd.alignment = 48;
  CHECK_THROWS_AS(writer.append(odd), Error);
  CHECK(writer.finish().totals.events == 2);
  CHECK(verify(folder / "t").totals.objects == 1);
}

TEST_CASE("nothing has the trace's name before it is complete") {
  const Folder folder;
  {
    Writer writer(folder / "t", example_header());
    writer.allocate(1, 1, false, 0);
    CHECK_FALSE(fs::exists(folder / "t"));
  }
  CHECK(fs::is_empty(folder.path()));
  CHECK_THROWS_AS(Writer(folder / "no/such/folder", example_header()), Error);
}

TEST_CASE("a hand-made trace is read like a written one") {
  const Folder folder;
  const Craft parts = sound_craft();
  save(folder / "t", craft(parts));
  CHECK(verify(folder / "t") == parts.header);
  CHECK(read(folder / "t") == parts.events);
}

TEST_CASE("events that cannot have happened are refused, with sound checksums") {
  Craft parts = sound_craft();
  parts.events[2] = freeing(7);  // beyond every object: an age that wraps
  needs_error(parts, "unknown object 7");
  parts = sound_craft();
  parts.events.push_back(freeing(0));
  parts.header.totals.events = 4;
  needs_error(parts, "object 0, which is freed already");
  parts = sound_craft();
  parts.events[1].alignment = 8;
  needs_error(parts, "cannot be decoded");
}

TEST_CASE("a header or an index that contradicts the events is refused") {
  Craft parts = sound_craft();
  parts.header.totals.frees = 0;
  needs_error(parts, "counts 2 allocations and 0 frees");
  parts = sound_craft();
  parts.header.totals.peak_live_bytes = 1;
  needs_error(parts, "totals are not those of the events");
  parts = sound_craft();
  parts.header.totals.events = 2;
  needs_error(parts, "a block that the index does not describe");
  parts = sound_craft();
  parts.first_event = 1;
  needs_error(parts, "a block that the index does not describe");
  parts = sound_craft();
  parts.flags = 1;
  needs_error(parts, "unknown flags");
}

TEST_CASE("columns that do not fit their block are refused") {
  Craft parts = sound_craft();
  parts.change_block = [](std::string& plain) { plain += '\0'; };
  needs_error(parts, "does not decompress");
  parts.change_block = [](std::string& plain) {
    plain[5] |= 0x40;
  };  // the first operation gets an unknown flag
  needs_error(parts, "cannot be decoded");
  parts.change_block = [](std::string& plain) { plain[5] = 3; };  // a kind of event that is none
  needs_error(parts, "cannot be decoded");
  parts.change_block = [](std::string& plain) { plain.pop_back(), --plain[2]; };  // one size less
  needs_error(parts, "cannot be decoded");
  parts.change_block = [](std::string& plain) { plain += '\1', ++plain[4]; };  // a thread that no event takes
  needs_error(parts, "more in the block than its events");
}

}  // namespace shunt::trace::testing
