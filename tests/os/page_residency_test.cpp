// Residency by scan and by mincore, against layouts that the tests touch page by page.
#include "os/page_residency.hpp"

#include <sys/syscall.h>

#include <random>
#include <vector>

#include "os/memory.hpp"
#include "os/reservation.hpp"
#include "simulated_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::SimulatedKernel;

namespace {

const SystemCalls real = SystemCalls::real();

Reservation reserve(std::size_t bytes, HugePageAdvice advice) {
  ReservationRequest request;
  request.bytes = bytes;
  request.huge_pages = advice;
  return Reservation::reserve(real, request).take();
}

void touch(Address page) { *pointer_to<volatile char>(page) = 1; }

}  // namespace

TEST_CASE("random pages are counted exactly by scan and by mincore") {
  constexpr std::size_t pages = 20'000;
  const Reservation area = reserve(pages * page_bytes, HugePageAdvice::Never);
  std::mt19937_64 random(shunt::testing::test_seed());
  INFO("seed " << shunt::testing::test_seed());
  std::vector<bool> touched(pages);
  for (int i = 0; i < 3000; ++i) {
    const std::size_t page = random() % pages;
    touched[page] = true;
    touch(area.range().start + page * page_bytes);
  }
  const PageReader readers[] = {PageReader::open(real), PageReader::open_mincore(real)};
  for (const PageReader& reader : readers) {
    for (int round = 0; round < 20; ++round) {
      const std::size_t first = random() % pages;
      const std::size_t count = random() % (pages - first);
      std::size_t expected = 0;
      for (std::size_t i = first; i < first + count; ++i) expected += touched[i];
      const auto found = reader.resident_bytes({area.range().start + first * page_bytes, count * page_bytes});
      REQUIRE(found.ok());
      CHECK(found.value() == expected * page_bytes);
    }
  }
}

TEST_CASE("an untouched TiB is scanned without walking it page by page") {
  const PageReader reader = PageReader::open(real);
  SHUNT_NEEDS(reader.method() == PageReader::Method::Scan, "PAGEMAP_SCAN");
  ReservationRequest request;
  request.bytes = std::size_t{1} << 40;
  request.minimum_bytes = std::size_t{1} << 30;
  const Reservation area = Reservation::reserve(real, request).take();
  touch(area.range().end() - page_bytes);
  CHECK(reader.resident_bytes(area.range()).value() >= page_bytes);
  CHECK(reader.resident_bytes(area.range()).value() <= huge_page_bytes);
}

TEST_CASE("a page that was only read holds no memory, by scan") {
  const PageReader reader = PageReader::open(real);
  SHUNT_NEEDS(reader.method() == PageReader::Method::Scan, "PAGEMAP_SCAN");
  const Reservation area = reserve(huge_page_bytes, HugePageAdvice::Never);
  CHECK(*pointer_to<volatile char>(area.range().start) == 0);
  CHECK(reader.resident_bytes(area.range()).value() == 0);
}

TEST_CASE("huge blocks are told from small ones, one bit each") {
  const PageReader reader = PageReader::open(real);
  SHUNT_NEEDS(reader.method() == PageReader::Method::Scan, "PAGEMAP_SCAN");
  constexpr std::size_t blocks = 70;
  const Reservation area = reserve(blocks * huge_page_bytes, HugePageAdvice::Always);
  const auto block = [&](std::size_t i) { return area.range().start + i * huge_page_bytes; };
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}, std::size_t{4}, std::size_t{66}})
    touch(block(i));
  std::uint64_t bits[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
  const auto all = reader.huge_blocks(area.range(), bits);
  REQUIRE(all.ok());
  SHUNT_NEEDS(all.value().count == 4, "a free huge page for every fault in a MADV_HUGEPAGE block");
  CHECK(all.value().known);
  CHECK(bits[0] == 0b11001);
  CHECK(bits[1] == 0b100);
  drop_pages(real, {block(3) + page_bytes, page_bytes});  // splits that one
  CHECK(reader.huge_blocks(area.range(), bits).value().count == 3);
  CHECK(bits[0] == 0b10001);
  CHECK(reader.resident_bytes(area.range()).value() == 4 * huge_page_bytes - page_bytes);
}

TEST_CASE("without the scan huge blocks are unknown, not guessed") {
  const PageReader reader = PageReader::open_mincore(real);
  const Reservation area = reserve(huge_page_bytes, HugePageAdvice::Always);
  touch(area.range().start);
  std::uint64_t bits[1] = {~std::uint64_t{0}};
  const auto blocks = reader.huge_blocks(area.range(), bits);
  REQUIRE(blocks.ok());
  CHECK_FALSE(blocks.value().known);
  CHECK(bits[0] == 0);
}

TEST_CASE("a scan that is refused, finds nothing, or does not get ahead is not used") {
  SimulatedKernel refusing;
  refusing.refuse(SYS_ioctl, ENOTTY);
  CHECK(PageReader::open(refusing.calls()).method() == PageReader::Method::Mincore);
  SimulatedKernel idle;
  idle.rule([](const SimulatedKernel::Request& r) {
    return r.number == SYS_ioctl ? std::optional<long>(0) : std::nullopt;
  });
  CHECK(PageReader::open(idle.calls()).method() == PageReader::Method::Mincore);
  SimulatedKernel no_proc;
  no_proc.refuse(SYS_openat, ENOENT);
  CHECK(PageReader::open(no_proc.calls()).method() == PageReader::Method::Mincore);
}

TEST_CASE("mincore over a hole is an error with its errno") {
  const Reservation area = reserve(huge_page_bytes, HugePageAdvice::Never);
  const AddressRange hole{area.range().start + 8 * page_bytes, page_bytes};
  unmap(real, hole);
  const auto found = PageReader::open_mincore(real).resident_bytes(area.range());
  map_anonymous(real, hole.start, hole.bytes, Access::ReadWrite, true);
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().code == ENOMEM);
}

TEST_CASE("the resident set grows by about what is touched") {
  constexpr std::size_t bytes = 32 * huge_page_bytes;
  const Reservation area = reserve(bytes, HugePageAdvice::Never);
  const std::size_t before = resident_set_bytes(real).value();
  for (std::size_t i = 0; i < bytes; i += page_bytes) touch(area.range().start + i);
  const std::size_t after = resident_set_bytes(real).value();
  CHECK(after > before + bytes / 2);
  CHECK(after < before + 2 * bytes);
}
