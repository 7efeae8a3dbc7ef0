// Reservations: aligned, one VMA, falling back by halves, saying why when they fail, leaving nothing.
#include "os/reservation.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "os/vma.hpp"
#include "simulated_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::SimulatedKernel;

namespace {

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;
constexpr std::size_t GiB = 1024 * MiB;
constexpr std::size_t TiB = 1024 * GiB;

ReservationRequest asking(std::size_t bytes, std::size_t minimum = 0,
                          std::size_t alignment = huge_page_bytes) {
  ReservationRequest request;
  request.bytes = bytes;
  request.minimum_bytes = minimum;
  request.alignment = alignment;
  return request;
}

// mmap of more than `most` bytes fails.
SimulatedKernel::Rule address_space_of(std::size_t most, int code = ENOMEM) {
  return [=](const SimulatedKernel::Request& r) -> std::optional<long> {
    const bool over = r.number == SYS_mmap && static_cast<std::size_t>(r.arguments[1]) > most;
    return over ? std::optional<long>(-code) : std::nullopt;
  };
}

// Answers the reading of one file with that text.
SimulatedKernel::Rule file_says(std::string path, std::string text) {
  return [=, descriptor = -1L](const SimulatedKernel::Request& r) mutable -> std::optional<long> {
    if (r.number == SYS_openat && path == reinterpret_cast<const char*>(r.arguments[1])) {
      descriptor = r.really();
      return descriptor;
    }
    if (r.number != SYS_read || r.arguments[0] != descriptor) return std::nullopt;
    descriptor = -1;
    return static_cast<long>(text.copy(reinterpret_cast<char*>(r.arguments[1]), std::size_t(r.arguments[2])));
  };
}

SimulatedKernel::Rule overcommit_never() { return file_says("/proc/sys/vm/overcommit_memory", "2\n"); }

}  // namespace

TEST_CASE("16 TiB are had, or half of it and so on, aligned and in one VMA that reads as zero") {
  ReservationReport report;
  auto area = Reservation::reserve(SystemCalls::real(), asking(16 * TiB, 64 * GiB), &report);
  REQUIRE(area.ok());
  const AddressRange range = area.value().range();
  CHECK(range.bytes == report.got_bytes);
  CHECK(report.asked_bytes == 16 * TiB);
  CHECK(area.value().asked_bytes() == 16 * TiB);
  CHECK(is_aligned(range.start, huge_page_bytes));
  REQUIRE(area.value().commit({range.end() - MiB, MiB}).ok());
  *pointer_to<volatile int>(range.end() - 8) = 1;
  VmaReader reader = VmaReader::open(SystemCalls::real()).take();
  SHUNT_NEEDS(!area.value().needs_commit(), "vm.overcommit_memory other than 2");
  CHECK(reader.count_in(range).value() == 1);
}

TEST_CASE("every alignment from 4 KiB to 1 GiB is kept and the excess is given back") {
  VmaReader reader = VmaReader::open(SystemCalls::real()).take();
  const std::size_t before = reader.count().value();
  for (std::size_t alignment = 4 * KiB; alignment <= GiB; alignment *= 2) {
    CAPTURE(alignment);
    auto area = Reservation::reserve(SystemCalls::real(), asking(3 * alignment, 0, alignment));
    REQUIRE(area.ok());
    CHECK(is_aligned(area.value().range().start, alignment));
    CHECK(area.value().range().bytes == 3 * alignment);
    CHECK(reader.count().value() <= before + 1);
  }
  CHECK(reader.count().value() == before);
}

TEST_CASE("sizes are rounded up to the alignment") {
  auto area = Reservation::reserve(SystemCalls::real(), asking(5 * MiB + 1));
  REQUIRE(area.ok());
  CHECK(area.value().range().bytes == 6 * MiB);
  CHECK(area.value().asked_bytes() == 5 * MiB + 1);
}

TEST_CASE("a small address space is met by halves, and the halves are counted") {
  SimulatedKernel kernel;
  kernel.rule(address_space_of(300 * MiB));
  ReservationReport report;
  auto area = Reservation::reserve(kernel.calls(), asking(4 * GiB, 16 * MiB), &report);
  REQUIRE(area.ok());
  CHECK(area.value().range().bytes == 256 * MiB);
  CHECK(report.attempts == 5);
  CHECK(report.code == ENOMEM);
  CHECK(report.smallest_tried_bytes == 256 * MiB);
}

TEST_CASE("the minimum itself is the last try, and its failure says what was asked, tried and advised") {
  SimulatedKernel kernel;
  kernel.rule(address_space_of(64 * MiB));
  ReservationReport report;
  const auto area = Reservation::reserve(kernel.calls(), asking(4 * GiB, 96 * MiB), &report);
  REQUIRE_FALSE(area.ok());
  CHECK(area.error().code == ENOMEM);
  CHECK(report.smallest_tried_bytes == 96 * MiB);
  CHECK(report.got_bytes == 0);
  char text[300];
  const std::size_t length = describe_failure(area.error(), report, text);
  const std::string line(text, length);
  INFO(line);
  CHECK(line.find("asked for 4 GiB") != line.npos);
  CHECK(line.find("96 MiB") != line.npos);
  CHECK(line.find("ENOMEM") != line.npos);
  char small[20];
  CHECK(describe_failure(area.error(), report, small) == 19);
  CHECK(small[19] == 0);
}

TEST_CASE("without a minimum it is all or nothing") {
  SimulatedKernel kernel;
  kernel.rule(address_space_of(300 * MiB));
  ReservationReport report;
  CHECK_FALSE(Reservation::reserve(kernel.calls(), asking(GiB), &report).ok());
  CHECK(report.attempts == 1);
}

TEST_CASE("a refusal that does not depend on the size is not asked again") {
  SimulatedKernel kernel;
  kernel.rule(address_space_of(0, EPERM));
  ReservationReport report;
  const auto area = Reservation::reserve(kernel.calls(), asking(GiB, 4 * MiB), &report);
  REQUIRE_FALSE(area.ok());
  CHECK(area.error().code == EPERM);
  CHECK(report.attempts == 1);
}

TEST_CASE("a real RLIMIT_AS makes the reservation smaller, and is named when it is the cause of failure") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit limit{2 * GiB, 2 * GiB};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(10);
    const auto some = Reservation::reserve(SystemCalls::real(), asking(TiB, 16 * MiB));
    if (!some.ok() || some.value().range().bytes >= 2 * GiB) ::_exit(1);
    const auto none = Reservation::reserve(SystemCalls::real(), asking(TiB, 4 * GiB));
    if (none.ok() || none.error().code != ENOMEM) ::_exit(2);
    ::_exit(std::string(none.error().advice).find("RLIMIT_AS") == std::string::npos ? 3 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("misuse is answered with what would be right and no system call") {
  SimulatedKernel kernel;
  for (const ReservationRequest& wrong : {asking(0), asking(MiB, 2 * MiB), asking(MiB, 0, 3 * MiB),
                                          asking(MiB, 0, 512), asking(MiB, 0, 0), asking(SIZE_MAX - 5)}) {
    const auto area = Reservation::reserve(kernel.calls(), wrong);
    REQUIRE_FALSE(area.ok());
    CHECK(area.error().code == 0);
    CHECK(std::string(area.error().advice) != "");
  }
  CHECK(kernel.count(SYS_mmap) == 0);
  CHECK_FALSE(Reservation::reserve(SystemCalls::real(), asking(SIZE_MAX - 4 * MiB)).ok());
}

TEST_CASE("under overcommit mode 2 the range is inaccessible until it is committed") {
  SimulatedKernel kernel;
  kernel.rule(overcommit_never());
  auto area = Reservation::reserve(kernel.calls(), asking(64 * MiB));
  REQUIRE(area.ok());
  REQUIRE(area.value().needs_commit());
  VmaReader reader = VmaReader::open(SystemCalls::real()).take();
  const Address start = area.value().range().start;
  CHECK_FALSE(reader.at_or_after(start).value()->writable);
  REQUIRE(area.value().commit({start, 2 * MiB}).ok());
  REQUIRE(area.value().commit({start + 2 * MiB, 2 * MiB}).ok());
  *pointer_to<volatile int>(start + 4 * MiB - 4) = 1;
  CHECK(reader.at_or_after(start).value()->writable);
  CHECK_FALSE(reader.at_or_after(start + 4 * MiB).value()->writable);
  CHECK(reader.count_in(area.value().range()).value() == 2);
}

TEST_CASE("a refused commit is an error with its errno") {
  SimulatedKernel kernel;
  kernel.rule(overcommit_never()).refuse(SYS_mprotect, ENOMEM);
  auto area = Reservation::reserve(kernel.calls(), asking(4 * MiB));
  REQUIRE(area.ok());
  const auto committed = area.value().commit({area.value().range().start, page_bytes});
  REQUIRE_FALSE(committed.ok());
  CHECK(committed.error().code == ENOMEM);
}

TEST_CASE("otherwise committing is free of system calls") {
  SimulatedKernel kernel;
  kernel.rule(file_says("/proc/sys/vm/overcommit_memory", "0\n"));
  auto area = Reservation::reserve(kernel.calls(), asking(4 * MiB));
  REQUIRE(area.ok());
  CHECK(area.value().commit(area.value().range()).ok());
  CHECK(kernel.count(SYS_mprotect) == 0);
}

TEST_CASE("advice is given for the whole range, and a refusal only noted") {
  struct Asked {
    AddressRange range;
    long advice;
  };
  std::vector<Asked> asked;
  SimulatedKernel kernel;
  kernel.rule([&](const SimulatedKernel::Request& r) -> std::optional<long> {
    if (r.number != SYS_madvise) return std::nullopt;
    asked.push_back({{Address{std::uintptr_t(r.arguments[0])}, std::size_t(r.arguments[1])}, r.arguments[2]});
    return -EINVAL;
  });
  ReservationRequest request = asking(8 * MiB);
  request.huge_pages = HugePageAdvice::Never;
  request.exclude_from_core_dump = true;
  ReservationReport report;
  auto area = Reservation::reserve(kernel.calls(), request, &report);
  REQUIRE(area.ok());
  CHECK(report.advice_code == EINVAL);
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].advice == MADV_NOHUGEPAGE);
  CHECK(asked[1].advice == MADV_DONTDUMP);
  for (const Asked& a : asked) CHECK(a.range == area.value().range());
}

TEST_CASE("a reservation moves and is unmapped once, when its last holder goes") {
  SimulatedKernel kernel;
  {
    Reservation first = Reservation::reserve(kernel.calls(), asking(4 * MiB, 0, 4 * KiB)).take();
    CHECK(kernel.count(SYS_munmap) == 0);
    const AddressRange range = first.range();
    Reservation second = std::move(first);
    CHECK(first.range().bytes == 0);
    first = std::move(second);
    CHECK(first.range() == range);
  }
  CHECK(kernel.count(SYS_munmap) == 1);
}
