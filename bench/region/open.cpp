// Opening the tables of a heap of 16 TiB, and closing them: costs address space, not memory.
#include "region/bare_table.hpp"
#include "region/cell.hpp"
#include "region/region_bench.hpp"
#include "region/region_space.hpp"

namespace shunt::bench {
namespace {

constexpr std::uint32_t regions_of_16_tib = 8u << 20;

// Claims one region, so that the tables are known to work.
void open_and_close(unsigned, std::uint64_t operations) {
  for (std::uint64_t i = 0; i < operations; ++i) {
    Result<RegionSpace> space = RegionSpace::open(os::SystemCalls::real(), geometry_of(regions_of_16_tib));
    if (!space || !space.value().claim(RegionKind::Small)) give_up("open", "no heap of 16 TiB");
  }
}

}  // namespace

void register_open_cell() {
  const std::string side = side_name(1, "space");
  register_cell({"open/16TiB",
                 {side},
                 [side] {
                   return OpenCell{{{side, 1, open_and_close}},
                                   [](const std::string&, const Samples&) { return Counters{}; }};
                 },
                 turns_of(11, 4e6, Clock::Wall)});
}

}  // namespace shunt::bench
