// The two ways of asking about VMAs agree with each other and with layouts made by the tests.
#include "os/vma.hpp"

#include <sys/syscall.h>

#include <random>
#include <string>
#include <vector>

#include "os/maps_text.hpp"
#include "os/memory.hpp"
#include "os/proc_file.hpp"
#include "os/reservation.hpp"
#include "simulated_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::SimulatedKernel;

namespace {

const SystemCalls real = SystemCalls::real();

// Every other page inaccessible: one VMA a page.
Reservation striped(std::size_t pages) {
  ReservationRequest request;
  request.bytes = pages * page_bytes;
  request.alignment = page_bytes;
  Reservation area = Reservation::reserve(real, request).take();
  for (std::size_t i = 0; i < pages; i += 2)
    protect(real, {area.range().start + i * page_bytes, page_bytes}, Access::None);
  return area;
}

std::vector<VmaReader> both_readers() {
  std::vector<VmaReader> readers;
  readers.push_back(VmaReader::open(real).take());
  readers.push_back(VmaReader::open_text(real).take());
  return readers;
}

}  // namespace

TEST_CASE("a line of maps gives its range and rights, a damaged one gives nothing") {
  const auto vma = parse_maps_line("7f1200000000-7f1200021000 rw-p 00000000 00:00 0 [anon: x-y]");
  REQUIRE(vma.has_value());
  CHECK(vma->range == AddressRange{Address{0x7f1200000000}, 0x21000});
  CHECK((vma->readable && vma->writable && !vma->executable && !vma->shared));
  const auto shared = parse_maps_line("1000-2000 r-xs");
  REQUIRE(shared.has_value());
  CHECK((shared->executable && shared->shared && !shared->writable));
  for (const char* damaged :
       {"", "-", "1000", "1000-", "1000-2000", "2000-1000 rw-p", "1000-1000 rw-p", "xyz-2000 rw-p",
        "1000 2000 rw-p", "11112222333344445-1 rw-p", "1000-2000 rw"}) {
    CAPTURE(damaged);
    CHECK_FALSE(parse_maps_line(damaged).has_value());
  }
}

TEST_CASE("numbers in /proc are read with their bounds") {
  std::uint64_t number = 0;
  std::string_view text = "  18446744073709551615 7x";
  REQUIRE(take_number(text, number));
  CHECK(number == UINT64_MAX);
  REQUIRE(take_number(text, number));
  CHECK(number == 7);
  CHECK_FALSE(take_number(text, number));
  std::string_view over = "18446744073709551616";
  CHECK_FALSE(take_number(over, number));
}

TEST_CASE("the VMA that covers an address, and the next one where none does, by query and by text") {
  const Reservation area = striped(9);  // - rw - rw - rw - rw -
  for (VmaReader& reader : both_readers()) {
    for (std::size_t i = 0; i < 9; ++i) {
      const AddressRange page{area.range().start + i * page_bytes, page_bytes};
      const auto found = reader.at_or_after(page.start + 123);
      REQUIRE(found.ok());
      REQUIRE(found.value().has_value());
      if (i == 0 || i == 8) continue;  // may have merged with what is outside
      CHECK(found.value()->range == page);
      CHECK(found.value()->writable == (i % 2 == 1));
    }
    unmap(real, {area.range().start + 3 * page_bytes, page_bytes});
    const auto next = reader.at_or_after(area.range().start + 3 * page_bytes);
    REQUIRE(next.ok());
    REQUIRE(next.value().has_value());
    CHECK(next.value()->range.start == area.range().start + 4 * page_bytes);
    REQUIRE_FALSE(failed(
        map_anonymous(real, area.range().start + 3 * page_bytes, page_bytes, Access::ReadWrite, true)));
  }
}

TEST_CASE("past the last VMA there is none") {
  for (VmaReader& reader : both_readers()) {
    const auto found = reader.at_or_after(Address{0x0000'7FFF'FFFF'F000});
    REQUIRE(found.ok());
    CHECK_FALSE(found.value().has_value());
  }
}

TEST_CASE("counts within a range are exact at its borders, by query and by text") {
  const Reservation area = striped(400);
  std::mt19937_64 random(shunt::testing::test_seed());
  INFO("seed " << shunt::testing::test_seed());
  for (VmaReader& reader : both_readers()) {
    for (int round = 0; round < 50; ++round) {
      const std::size_t first = 1 + random() % 398;
      const std::size_t pages = 1 + random() % (399 - first);
      const auto count = reader.count_in({area.range().start + first * page_bytes, pages * page_bytes});
      REQUIRE(count.ok());
      CHECK(count.value() == pages);
    }
    CHECK(reader.count_in({Address{page_bytes}, page_bytes}).value() == 0);
  }
}

TEST_CASE("the process's count grows by what is mapped, and both ways agree on thousands of VMAs") {
  std::vector<VmaReader> readers = both_readers();
  const std::size_t before = readers[0].count().value();
  CHECK(readers[1].count().value() == before);
  const Reservation area = striped(4001);
  const std::size_t grown = readers[0].count().value();
  CHECK(grown >= before + 3999);
  CHECK(grown <= before + 4001);
  CHECK(readers[1].count().value() == grown);
}

TEST_CASE("text in bits of any size gives the same count") {
  const Reservation area = striped(301);
  for (const long most : {61L, 100L, 1000L, 5000L}) {
    SimulatedKernel kernel;
    kernel.rule([=](const SimulatedKernel::Request& r) -> std::optional<long> {
      if (r.number != SYS_read || r.arguments[2] <= most) return std::nullopt;
      const long shorter[6] = {r.arguments[0], r.arguments[1], most, 0, 0, 0};
      return SimulatedKernel::Request{r.number, shorter}.really();
    });
    VmaReader reader = VmaReader::open_text(kernel.calls()).take();
    CHECK(reader.count_in(area.range()).value() == 301);
  }
}

TEST_CASE("a query that is refused, or that lies, is not used") {
  SimulatedKernel refusing;
  refusing.refuse(SYS_ioctl, ENOTTY);
  CHECK(VmaReader::open(refusing.calls()).value().method() == VmaReader::Method::Text);
  SimulatedKernel lying;
  lying.rule([](const SimulatedKernel::Request& r) {
    return r.number == SYS_ioctl ? std::optional<long>(0) : std::nullopt;
  });
  VmaReader reader = VmaReader::open(lying.calls()).take();
  CHECK(reader.method() == VmaReader::Method::Text);
  CHECK(reader.count().value() > 5);
}

TEST_CASE("without /proc the error says which file and which errno") {
  SimulatedKernel kernel;
  kernel.refuse(SYS_openat, ENOENT);
  const auto reader = VmaReader::open(kernel.calls());
  REQUIRE_FALSE(reader.ok());
  CHECK(reader.error().code == ENOENT);
  CHECK(std::string(reader.error().operation) == "/proc/self/maps");
  CHECK_FALSE(vma_limit(kernel.calls()).ok());
  CHECK_FALSE(overcommit_mode(kernel.calls()).ok());
}

TEST_CASE("the VMA limit and the overcommit mode are the kernel's") {
  CHECK(vma_limit(real).value() >= 1000);
  CHECK(static_cast<int>(overcommit_mode(real).value()) <= 2);
}
