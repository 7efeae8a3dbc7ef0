// The probe leaves nothing behind and harms no mapping of the host, whatever the kernel answers and whoever
// maps meanwhile.
#include <dirent.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "os/capabilities.hpp"
#include "os/memory.hpp"
#include "os/probe_scratch.hpp"
#include "simulated_kernel.hpp"
#include "support/check.hpp"

using namespace shunt;
using namespace shunt::os;
using shunt::testing::SimulatedKernel;

namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// Mappings other than [heap] and [stack], which the test itself may grow.
std::string mappings() {
  std::ifstream maps("/proc/self/maps");
  std::string text;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[heap]") == line.npos && line.find("[stack]") == line.npos) text += line + "\n";
  }
  return text;
}

void check_nothing_stays(const SystemCalls& kernel) {
  // Twice: whatever the test's own machinery maps on first use is then there.
  for (int i = 0; i < 2; ++i) {
    const std::string warmed = mappings();
    static_cast<void>(warmed);
    probe_capabilities(kernel);
  }
  const std::size_t descriptors = open_descriptors();
  const std::string before = mappings();
  probe_capabilities(kernel);
  CHECK(mappings() == before);
  CHECK(open_descriptors() == descriptors);
}

// What 6.1 and 6.12 do: the destination is unmapped before the source is found to be two VMAs.
std::optional<long> fail_after_unmapping(const SimulatedKernel::Request& r) {
  if (r.number != SYS_mremap || r.arguments[1] <= static_cast<long>(page_bytes)) return std::nullopt;
  unmap(SystemCalls::real(),
        {Address{static_cast<std::uintptr_t>(r.arguments[4])}, std::size_t(r.arguments[2])});
  return -EFAULT;
}

// Maps single pages, writes in them, and looks whether they are still there and its own.
struct Neighbour {
  std::atomic<bool>& stop;
  std::size_t damaged = 0;
  std::size_t rounds = 0;

  void run() {
    std::vector<volatile long*> pages(24, nullptr);
    for (; !stop.load(std::memory_order_relaxed); ++rounds) {
      for (std::size_t i = 0; i < pages.size(); ++i) {
        void* mapped =
            ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) continue;
        pages[i] = static_cast<volatile long*>(mapped);
        *pages[i] = reinterpret_cast<long>(mapped) ^ 0x5A5A;
      }
      std::this_thread::yield();
      for (volatile long*& page : pages) {
        if (page == nullptr) continue;
        unsigned char resident = 0;
        void* address = const_cast<long*>(page);
        if (::mincore(address, page_bytes, &resident) != 0 ||
            *page != (reinterpret_cast<long>(address) ^ 0x5A5A)) {
          ++damaged;
        } else {
          ::munmap(address, page_bytes);
        }
        page = nullptr;
      }
    }
  }
};

}  // namespace

TEST_CASE("the probe leaves no VMA and no descriptor on the running kernel") {
  check_nothing_stays(SystemCalls::real());
}

TEST_CASE("the probe leaves no VMA and no descriptor on kernels that refuse or lie") {
  SimulatedKernel old;
  old.rule(fail_after_unmapping);
  check_nothing_stays(old.calls());

  SimulatedKernel liar;
  liar.rule([](const SimulatedKernel::Request& r) -> std::optional<long> {
    return r.number == SYS_mremap ? std::optional<long>(r.arguments[4]) : std::nullopt;
  });
  check_nothing_stays(liar.calls());

  SimulatedKernel sandbox;
  sandbox.refuse(SYS_userfaultfd, EPERM)
      .refuse(SYS_mremap, ENOSYS)
      .refuse(SYS_madvise, EINVAL)
      .refuse(SYS_ioctl, ENOTTY);
  check_nothing_stays(sandbox.calls());
}

TEST_CASE("whichever single call fails, the probe ends and leaves nothing") {
  SimulatedKernel counter;
  probe_capabilities(counter.calls(), ProbeScope::Movers);
  for (const long number :
       {SYS_mmap, SYS_mprotect, SYS_mincore, SYS_openat, SYS_read, SYS_ioctl, SYS_futex, SYS_lseek}) {
    const long calls = counter.count(number);
    for (long victim = 0; victim < calls; ++victim) {
      CAPTURE(number);
      CAPTURE(victim);
      long seen = 0;
      SimulatedKernel kernel;
      kernel.rule([&](const SimulatedKernel::Request& r) -> std::optional<long> {
        return r.number == number && seen++ == victim ? std::optional<long>(-ENOMEM) : std::nullopt;
      });
      const std::size_t descriptors = open_descriptors();
      const std::string before = mappings();
      const Capabilities found = probe_capabilities(kernel.calls(), ProbeScope::Movers);
      CHECK(found.supports(found.best_engine()));
      CHECK(mappings() == before);
      CHECK(open_descriptors() == descriptors);
    }
  }
}

TEST_CASE("other threads' mappings survive probing, also where the kernel leaves holes at the destination") {
  std::atomic<bool> stop{false};
  Neighbour neighbours[2] = {{stop}, {stop}};
  std::thread first([&] { neighbours[0].run(); });
  std::thread second([&] { neighbours[1].run(); });
  SimulatedKernel old;
  old.rule(fail_after_unmapping);
  for (int i = 0; i < 150; ++i)
    probe_capabilities(i % 2 == 0 ? old.calls() : SystemCalls::real(), ProbeScope::Movers);
  stop.store(true, std::memory_order_relaxed);
  first.join();
  second.join();
  for (const Neighbour& n : neighbours) {
    CHECK(n.damaged == 0);
    CHECK(n.rounds > 0);
  }
}

TEST_CASE("a page that another thread took while it was a hole is not unmapped by the scratch") {
  const SystemCalls real = SystemCalls::real();
  Address taken = Address::null;
  {
    Result<ProbeScratch> mapped = ProbeScratch::map(real, 4);
    REQUIRE(mapped.ok());
    ProbeScratch& scratch = mapped.value();
    REQUIRE(scratch.open(1, 2));
    scratch.mark(1);
    scratch.mark(2);
    taken = scratch.page(2);
    unmap(real, scratch.pages(2, 1));
    REQUIRE_FALSE(failed(map_anonymous(real, taken, page_bytes, Access::ReadWrite, true)));
    *pointer_to<volatile int>(taken) = 77;
    scratch.settle_destination(1, 0x1234);
    scratch.settle_destination(2, 0x1234);
  }
  unsigned char resident = 0;
  REQUIRE_FALSE(failed(resident_pages(real, {taken, page_bytes}, &resident)));
  CHECK(*pointer_to<volatile int>(taken) == 77);
  unmap(real, {taken, page_bytes});
}

TEST_CASE("probing does not change the host's errno") {
  errno = 4711;
  probe_capabilities(SystemCalls::real());
  CHECK(errno == 4711);
}

TEST_CASE("probing from several threads at once gives every thread the same engine") {
  const EngineKind expected = probe_capabilities(SystemCalls::real(), ProbeScope::Movers).best_engine();
  std::vector<EngineKind> engines(4 * 25, EngineKind::Copy);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 25; ++i) {
        engines[t * 25 + i] = probe_capabilities(SystemCalls::real(), ProbeScope::Movers).best_engine();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const EngineKind engine : engines) CHECK(engine == expected);
}
